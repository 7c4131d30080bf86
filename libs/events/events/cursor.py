"""The cursor and the pages of a feed."""

import re
from typing import Any, NamedTuple
from uuid import UUID


class CursorGone(Exception):  # noqa: N818 - named after the condition
    """Events after the cursor were purged, or it is of another epoch; the reader must replay from the start."""


class Cursor(NamedTuple):
    """The place after ``position`` in the feed of ``epoch``.

    Its text is ``EPOCH:POSITION``, or ``EPOCH:POSITION:SINCE`` in a replay up to position SINCE. Deletions up to SINCE
    were purged before the replay began; a reader that begins at 0 does not need them.
    """

    epoch: UUID
    position: int = 0
    since: int = 0

    def __str__(self) -> str:
        """Return the text."""
        return f"{self.epoch}:{self.position}" + (f":{self.since}" if self.since > self.position else "")

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read a cursor.

        Raises:
            ValueError: the text is not a cursor.
        """
        match = re.fullmatch(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):([0-9]{1,18})(?::([0-9]{1,18}))?", text)
        if match is None:
            raise ValueError('must be a cursor of this feed, such as "EPOCH:42"')
        return cls(UUID(match[1]), int(match[2]), int(match[3] or 0))


class Page(NamedTuple):
    """Events as CloudEvents 1.0, the cursor after them, and the position of the feed's head."""

    events: list[Any]
    cursor: Cursor
    head: int
