"""Lines of several processes on one terminal, each with the name of its process in front."""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

COLOURS = {"launcher": "1", "postgres": "35", "user": "36", "order": "33", "gateway": "32"}  # ANSI codes
RESET = "\033[0m"


class Output:
    """Writes prefixed lines; in colour only on a terminal, and not when NO_COLOR is set (https://no-color.org)."""

    def __init__(
        self,
        stream: TextIO | None = None,
        environment: Mapping[str, str] = os.environ,
        names: Sequence[str] = tuple(COLOURS),
    ) -> None:
        self.stream = stream or sys.stdout
        self.width = max(map(len, names))
        on_terminal = self.stream.isatty() and environment.get("TERM") != "dumb"
        self.coloured = on_terminal and not environment.get("NO_COLOR")

    def line(self, name: str, text: str) -> None:
        """Write one line of the process ``name``."""
        prefix = f"{name:<{self.width}} |"
        if self.coloured:
            prefix = f"\033[{COLOURS.get(name, '0')}m{prefix}{RESET}"
        self.write(f"{prefix} {text}\n")

    def say(self, text: str) -> None:
        """Write a line of the launcher's own."""
        self.line("launcher", text)

    def write(self, text: str) -> None:
        """Write text as it is. A reader that has gone away (a closed terminal, ``| head``) stops nothing."""
        encoding = self.stream.encoding or "utf-8"
        try:
            self.stream.write(text.encode(encoding, errors="replace").decode(encoding))
            self.stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())
