"""A non-blocking, incremental parser of requests."""

from dataclasses import dataclass

from http1.chunk_decoder import ChunkDecoder
from http1.head import CHUNKED, RequestHead, parse_request
from http1.limits import Limits
from http1.stream import end_of_head, skip_empty_lines


@dataclass(slots=True)
class WholeRequest:
    """A complete request. ``finished`` is False if its body exceeds the limit and ``content`` is incomplete."""

    head: RequestHead
    content: bytes
    finished: bool

    @property
    def length(self) -> int | None:
        """The declared length of the body, or ``CHUNKED``."""
        return self.head.length


class RequestReader:
    """Parses a connection's requests from received bytes and returns each as soon as it is complete.

    A body over ``max_body_bytes`` is not read to its end: with a Content-Length it is not read at all, a chunked one
    only until it exceeds the limit. Its request is returned at once, as the last one of the connection.
    """

    def __init__(self, limits: Limits, max_body_bytes: int) -> None:
        self._limits = limits
        self._max_body_bytes = max_body_bytes
        self._buffer = b""
        self._searched = 0  # bytes of the buffer that were searched for the end of the head
        self._head: RequestHead | None = None
        self._content = bytearray()
        self._decoder = ChunkDecoder()
        self._has_continued = False

    @property
    def size(self) -> int:
        """The number of buffered bytes of an incomplete request."""
        return len(self._buffer) + len(self._content) + self._decoder.size

    @property
    def is_reading(self) -> bool:
        """Whether a request has started and is incomplete."""
        return self._head is not None or self._buffer not in (b"", b"\r")

    @property
    def is_head_request(self) -> bool:
        """Whether the current request, incomplete or malformed, is a HEAD."""
        return self._head.method == "HEAD" if self._head else self._buffer.startswith(b"HEAD ")

    def feed(self, data: bytes) -> None:
        """Add received bytes."""
        self._buffer = self._buffer + data if self._buffer else data

    def next_request(self) -> WholeRequest | None:
        """Return the next request, or None if it is incomplete.

        Raises:
            MalformedError: the request is malformed.
            RefusedError: the request is not supported or exceeds a limit.
            HeadTooLargeError: the head exceeds ``limits.head``.
        """
        self._head = head = self._head or self._read_head()
        if head is None or (finished := self._read_body(head)) is None:
            return None
        request = WholeRequest(head, bytes(self._content), finished)
        self._head, self._has_continued, self._searched = None, False, 0
        self._content.clear()
        return request

    def discard(self) -> None:
        """Drop all buffered bytes."""
        self._head, self._buffer, self._content, self._decoder = None, b"", bytearray(), ChunkDecoder()

    def must_continue(self) -> bool:
        """Return True once per request that expects a 100 Continue before its body."""
        if self._head is None or self._has_continued or not self._head.expects_continue:
            return False
        self._has_continued = True
        return True

    def _read_head(self) -> RequestHead | None:
        if not self._searched:
            self._buffer = skip_empty_lines(self._buffer)
        end = end_of_head(self._buffer, self._limits.head, self._searched)
        if end is None:
            self._searched = 0 if self._buffer == b"\r" else len(self._buffer)  # may be the start of an empty line
            return None
        text = self._buffer[:end].decode("latin-1")
        head = parse_request(text)
        self._limits.check(text, head)
        self._buffer = self._buffer[end:]
        return head

    def _read_body(self, head: RequestHead) -> bool | None:
        """Move buffered bytes to the body; return ``WholeRequest.finished``, or None if the body is incomplete."""
        if head.length is CHUNKED:
            return self._read_chunks()
        if head.length > self._max_body_bytes:
            return False
        missing = head.length - len(self._content)
        self._content += self._buffer[:missing]
        self._buffer = self._buffer[missing:]
        return True if len(self._content) == head.length else None

    def _read_chunks(self) -> bool | None:
        data, self._buffer = self._buffer, b""
        for piece in self._decoder.feed(data):
            self._content += piece
            if len(self._content) > self._max_body_bytes:
                return False
        if not self._decoder.finished:
            return None
        self._buffer, self._decoder = self._decoder.rest, ChunkDecoder()
        return True
