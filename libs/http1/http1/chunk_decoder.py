"""An incremental decoder of chunked bodies (RFC 9112, section 7.1)."""

import re
from collections.abc import Callable, Iterator

from http1.fields import Fields, MalformedError, parse_fields

_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[^\x00-\x08\x0a-\x1f\x7f]*)?")
_LINE_LIMIT = 8192  # bytes of a chunk's size line or of one trailer
_TRAILERS_LIMIT = 100
# Fields that control framing, routing or authentication, and those for one connection, are dropped from trailers
# (RFC 9110, sections 6.5.1 and 7.6.1).
_FORBIDDEN_TRAILERS = {
    *("authorization", "content-length", "cookie", "host", "te", "trailer", "transfer-encoding"),
    *("connection", "forwarded", "keep-alive", "proxy-authorization", "proxy-connection", "upgrade", "x-real-ip"),
}


class ChunkDecoder:
    """Decodes a chunked body from pieces of any size.

    ``finished`` is set at the end of the body. ``trailers`` is empty until then.
    """

    __slots__ = ("_buffer", "_handle_line", "_position", "_remaining", "_trailer_lines", "finished", "trailers")

    def __init__(self) -> None:
        self.finished = False
        self.trailers: Fields = []
        self._buffer = b""
        self._position = 0  # of the first unread byte in the buffer
        self._remaining = 0  # bytes of the current chunk
        self._trailer_lines: list[str] = []
        self._handle_line: Callable[[bytes], None] = self._handle_size

    @property
    def size(self) -> int:
        """The number of buffered bytes."""
        return len(self._buffer) - self._position + sum(map(len, self._trailer_lines))

    @property
    def rest(self) -> bytes:
        """The unread bytes; at the end of the body, the beginning of the next message."""
        return self._buffer[self._position :]

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Add received bytes; yield the body data in them.

        Raises:
            MalformedError: the chunked encoding is invalid.
        """
        self._buffer, self._position = self.rest + data, 0
        while not self.finished:
            if self._remaining:
                if not (piece := self._buffer[self._position : self._position + self._remaining]):
                    return
                self._position += len(piece)
                self._remaining -= len(piece)
                yield piece
            elif (line := self._next_line()) is not None:
                self._handle_line(line)
            else:
                return

    def _next_line(self) -> bytes | None:
        """Return the next line without its CRLF, or None if it is incomplete."""
        end = self._buffer.find(b"\n", self._position)
        if (end if end >= 0 else len(self._buffer)) - self._position > _LINE_LIMIT:
            raise MalformedError("A line of the chunked body is too long.")
        if end < 0:
            return None
        line, self._position = self._buffer[self._position : end], end + 1
        if not line.endswith(b"\r"):
            raise MalformedError("A line of the chunked body does not end with CRLF.")
        return line[:-1]

    def _handle_size(self, line: bytes) -> None:
        if not (found := _SIZE_LINE.fullmatch(line)):
            raise MalformedError("A chunk size is malformed.")
        self._remaining = int(found[1], 16)
        self._handle_line = self._handle_chunk_end if self._remaining else self._handle_trailer

    def _handle_chunk_end(self, line: bytes) -> None:
        if line:
            raise MalformedError("A chunk is longer than its size.")
        self._handle_line = self._handle_size

    def _handle_trailer(self, line: bytes) -> None:
        if line:
            self._trailer_lines.append(line.decode("latin-1") + "\r\n")
            if len(self._trailer_lines) > _TRAILERS_LIMIT:
                raise MalformedError("There are too many trailer fields.")
            return
        fields = parse_fields("".join(self._trailer_lines))
        self.trailers = [pair for pair in fields if pair[0].lower() not in _FORBIDDEN_TRAILERS]
        self.finished = True
