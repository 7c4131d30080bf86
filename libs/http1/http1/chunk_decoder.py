"""Takes the framing off chunked bodies (RFC 9112, section 7.1)."""

import re
from collections.abc import Callable, Iterator

from http1.fields import Fields, MalformedError, parse_fields

_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[^\x00-\x08\x0a-\x1f\x7f]*)?")
_LINE_LIMIT = 8192  # bytes of a chunk's size line or of one trailer
_TRAILERS_LIMIT = 100
# A trailer that would change how the message is framed, routed or trusted (RFC 9110, section 6.5.1).
_NO_TRAILER = {"authorization", "content-length", "host", "te", "trailer", "transfer-encoding"}


class ChunkDecoder:
    """Takes a chunked body apart, whose bytes may come in any pieces.

    ``finished`` tells that its end was seen; only then are ``trailers`` known.
    """

    __slots__ = ("_at", "_buffer", "_left", "_lines", "_take", "finished", "trailers")

    def __init__(self) -> None:
        self.finished = False
        self.trailers: Fields = []
        self._buffer = b""
        self._at = 0  # what stands before it in the buffer was used
        self._left = 0  # bytes of the chunk that are still to come
        self._lines: list[str] = []  # of the trailers
        self._take: Callable[[bytes], None] = self._take_size  # what the next line is for

    @property
    def size(self) -> int:
        """How many bytes it holds."""
        return len(self._buffer) - self._at + sum(map(len, self._lines))

    @property
    def rest(self) -> bytes:
        """What was not used: once the body has ended, the beginning of the next message."""
        return self._buffer[self._at :]

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take more bytes; yield the pieces of the body that are in them, each as soon as it is known.

        Raises:
            MalformedError: they are no chunked body.
        """
        self._buffer, self._at = self.rest + data, 0
        while not self.finished:
            if self._left:
                if not (piece := self._buffer[self._at : self._at + self._left]):
                    return
                self._at += len(piece)
                self._left -= len(piece)
                yield piece
            elif (line := self._next_line()) is not None:
                self._take(line)
            else:
                return

    def _next_line(self) -> bytes | None:
        """Return the next line without its CRLF; None while it has not come whole."""
        end = self._buffer.find(b"\n", self._at)
        if (end if end >= 0 else len(self._buffer)) - self._at > _LINE_LIMIT:
            raise MalformedError("A line within the body is too long.")
        if end < 0:
            return None
        line, self._at = self._buffer[self._at : end], end + 1
        if not line.endswith(b"\r"):
            raise MalformedError("A line within the body is malformed.")
        return line[:-1]

    def _take_size(self, line: bytes) -> None:
        if not (found := _SIZE_LINE.fullmatch(line)):
            raise MalformedError("The size of a chunk is malformed.")
        self._left = int(found[1], 16)
        self._take = self._take_end_of_chunk if self._left else self._take_trailer

    def _take_end_of_chunk(self, line: bytes) -> None:
        if line:
            raise MalformedError("A chunk is longer than it says.")
        self._take = self._take_size

    def _take_trailer(self, line: bytes) -> None:
        if line:
            self._lines.append(line.decode("latin-1") + "\r\n")
            if len(self._lines) > _TRAILERS_LIMIT:
                raise MalformedError("There are too many trailers.")
            return
        fields = parse_fields("".join(self._lines))
        self.trailers = [pair for pair in fields if pair[0].lower() not in _NO_TRAILER]
        self.finished = True
