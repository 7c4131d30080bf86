"""Bodies of messages: read piece by piece, never held whole."""

import re
from collections.abc import Iterator

from http1.fields import Fields, MalformedError, parse_fields
from http1.head import CHUNKED, UNTIL_CLOSE
from http1.stream import PIECE, EndOfStreamError, Stream

_CHUNK_LINE = re.compile(
    rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[^\x00-\x08\x0a-\x1f\x7f]*)?"
)  # RFC 9112, section 7.1
_LINE_LIMIT = 8192  # bytes of a chunk's size line or of one trailer
_TRAILERS_LIMIT = 100
# A trailer that would change how the message is framed, routed or trusted (RFC 9110, section 6.5.1).
_NO_TRAILER = {"authorization", "content-length", "host", "te", "trailer", "transfer-encoding"}


class Body:
    """An iterator over the pieces of a body, in the order of their coming.

    ``length`` is its number of bytes, ``CHUNKED`` or ``UNTIL_CLOSE``; ``trailers`` fill when it ends; ``finished``
    tells that its end was seen, so that the connection may carry another message.
    """

    __slots__ = ("_pieces", "_stream", "finished", "length", "trailers")

    def __init__(self, stream: Stream, length: int | None) -> None:
        self._stream = stream
        self.length = length
        self.trailers: Fields = []
        self.finished = length == 0
        self._pieces = iter(()) if self.finished else self._read()

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    @property
    def has_buffered(self) -> bool:
        """Whether its next piece is there without waiting."""
        return self._stream.has_buffered

    def _read(self) -> Iterator[bytes]:
        if self.length is CHUNKED:
            yield from self._read_chunks()
        elif self.length == UNTIL_CLOSE:
            yield from self._read_until_close()
        else:
            yield from self._read_length(self.length)
        self.finished = True

    def _read_length(self, length: int) -> Iterator[bytes]:
        while length:
            piece = self._stream.read(min(length, PIECE))
            length -= len(piece)
            yield piece

    def _read_until_close(self) -> Iterator[bytes]:
        try:
            while True:
                yield self._stream.read(PIECE)
        except EndOfStreamError:
            return

    def _read_chunks(self) -> Iterator[bytes]:
        while size := self._chunk_size():
            yield from self._read_length(size)
            if self._stream.read_line(_LINE_LIMIT):
                raise MalformedError("A chunk is longer than it says.")
        lines = []
        while line := self._stream.read_line(_LINE_LIMIT):
            lines.append(line.decode("latin-1") + "\r\n")
            if len(lines) > _TRAILERS_LIMIT:
                raise MalformedError("There are too many trailers.")
        self.trailers += [pair for pair in parse_fields("".join(lines)) if pair[0].lower() not in _NO_TRAILER]

    def _chunk_size(self) -> int:
        if not (found := _CHUNK_LINE.fullmatch(self._stream.read_line(_LINE_LIMIT))):
            raise MalformedError("The size of a chunk is malformed.")
        return int(found[1], 16)


def chunk(piece: bytes) -> bytes:
    """Return ``piece`` as one chunk."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def last_chunk(trailers: Fields) -> bytes:
    """Return the end of a chunked body."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in trailers)
    return b"0\r\n%b\r\n" % lines.encode("latin-1")
