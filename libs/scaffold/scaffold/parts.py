"""Optional parts of the template.

A part is the lines between ``# begin NAME`` and ``# end NAME``, or a line that ends with ``# NAME``.
"""

import re
from collections.abc import Collection, Sequence

from scaffold.descriptions import Project

ONCE = ("publishes", "consumes")
FOR_EACH = "consumed"  # repeated for each service whose events are read


def for_called(text: str, called: Project) -> str:
    """Return a text about the user service, rewritten for another service."""
    path = called.routing.paths[0] if called.routing else ""
    text = text.replace("/users", path).replace('"users"', f'"{path.strip("/")}"')
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{called.port}")
    for old, new in (("user", called.name), ("User", called.name.capitalize()), ("USER", called.name.upper())):
        text = text.replace(old, new)
    return re.sub(rf"\b([Aa]) (?={called.name}\b)", r"\1n ", text) if called.name[0] in "aeio" else text


def choose(text: str, wanted: Collection[str], consumed: Sequence[Project]) -> str:
    """Return the text with the wanted parts only, without marks."""
    text = re.sub(_block(FOR_EACH), lambda found: "".join(for_called(found[1], each) for each in consumed), text)
    for part in ONCE:
        kept = r"\1" if part in wanted else ""
        text = re.sub(_block(part), kept, text)
        text = re.sub(rf"(?m)^(.*)  # {part}\n", kept + "\n" if kept else "", text)
    return re.sub("\n{4,}", "\n\n\n", text.rstrip("\n") + "\n") if text else text


def _block(part: str) -> str:
    return rf"(?ms)^ *# begin {part}\n(.*?)^ *# end {part}\n"
