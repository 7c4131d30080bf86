"""The cursor of a feed."""

import re
from typing import NamedTuple
from uuid import UUID


class CursorInvalid(ValueError):  # noqa: N818 - named after the condition
    """The text is not a cursor of a feed."""


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
            CursorInvalid: the text is not a cursor.
        """
        match = re.fullmatch(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):([0-9]{1,18})(?::([0-9]{1,18}))?", text)
        if match is None:
            raise CursorInvalid('must be a cursor of this feed, such as "EPOCH:42"')
        return cls(UUID(match[1]), int(match[2]), int(match[3] or 0))
