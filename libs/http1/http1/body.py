"""Message bodies, read in pieces so that a whole body is never in memory."""

from collections.abc import Iterator

from http1.chunk_decoder import ChunkDecoder
from http1.fields import Fields, format_fields
from http1.head import CHUNKED, UNTIL_CLOSE
from http1.stream import PIECE, EndOfStreamError, Stream


class Body:
    """An iterator over the decoded pieces of a message body.

    Attributes:
        length: number of bytes, ``CHUNKED`` or ``UNTIL_CLOSE``.
        trailers: the trailer fields, filled at the end of a chunked body.
        finished: the whole body was read, so the connection can be reused.
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
        """Whether received bytes are buffered, so that the next piece needs no read from the socket."""
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
        decoder = ChunkDecoder()
        while not decoder.finished:
            data = bytearray()  # of all chunks in a read: a peer may send many small ones
            try:
                for piece in decoder.feed(self._stream.read(PIECE)):
                    data += piece
            finally:  # also before an error in a later chunk
                if data:
                    yield bytes(data)
        self._stream.unread(decoder.rest)
        self.trailers += decoder.trailers


def chunk(piece: bytes) -> bytes:
    """Encode ``piece`` as one chunk."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def last_chunk(trailers: Fields) -> bytes:
    """Encode the last chunk and the trailers of a chunked body."""
    return f"0\r\n{format_fields(trailers)}\r\n".encode("latin-1")
