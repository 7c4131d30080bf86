"""Requests that are put together from whatever pieces come, so that no thread waits for one."""

from dataclasses import dataclass

from http1.chunk_decoder import ChunkDecoder
from http1.head import CHUNKED, RequestHead, parse_request
from http1.limits import Limits
from http1.stream import end_of_head, skip_empty_lines


@dataclass(slots=True)
class WholeRequest:
    """A request with its body; ``finished``: the body is no larger than wanted, and ``content`` is all of it."""

    head: RequestHead
    content: bytes
    finished: bool

    @property
    def length(self) -> int | None:
        """The length of the body that the head says, or ``CHUNKED``."""
        return self.head.length


class RequestReader:
    """Takes the bytes of a connection as they come, and returns requests that are complete.

    Of a body of more than ``most`` bytes nothing is kept, or, where its length is not given, a little more than these;
    such a request is complete at once, and the last one of its connection.
    """

    def __init__(self, limits: Limits, most: int) -> None:
        self._limits = limits
        self._most = most
        self._buffer = b""
        self._searched = 0  # bytes of the buffer that hold no end of a head
        self._head: RequestHead | None = None
        self._content = bytearray()
        self._decoder = ChunkDecoder()
        self._has_continued = False

    @property
    def size(self) -> int:
        """How many bytes it holds of a request that is not complete."""
        return len(self._buffer) + len(self._content) + self._decoder.size

    @property
    def is_reading(self) -> bool:
        """Whether a request has begun to come."""
        return self._head is not None or self._buffer not in (b"", b"\r")

    @property
    def is_head_request(self) -> bool:
        """Whether the request that is being read, or could not be, is a HEAD."""
        return self._head.method == "HEAD" if self._head else self._buffer.startswith(b"HEAD ")

    def feed(self, data: bytes) -> None:
        """Take more bytes."""
        self._buffer = self._buffer + data if self._buffer else data

    def take(self) -> WholeRequest | None:
        """Return the next request; None while it is not complete.

        Raises:
            MalformedError: it is no request, or one that is refused.
        """
        self._head = head = self._head or self._read_head()
        if head is None or (finished := self._read_body(head)) is None:
            return None
        request = WholeRequest(head, bytes(self._content), finished)
        self._head, self._has_continued, self._searched = None, False, 0
        self._content.clear()
        return request

    def discard(self) -> None:
        """Let go of what has come of a request."""
        self._head, self._buffer, self._content, self._decoder = None, b"", bytearray(), ChunkDecoder()

    def must_continue(self) -> bool:
        """Whether the client waits for a 100 before it sends the body; once only."""
        if self._head is None or self._has_continued or not self._head.expects_continue:
            return False
        self._has_continued = True
        return True

    def _read_head(self) -> RequestHead | None:
        if not self._searched:
            self._buffer = skip_empty_lines(self._buffer)
        end = end_of_head(self._buffer, self._limits.head, self._searched)
        if end is None:
            self._searched = 0 if self._buffer == b"\r" else len(self._buffer)  # it may become an empty line
            return None
        text = self._buffer[:end].decode("latin-1")
        head = parse_request(text)
        self._limits.check(text, head)
        self._buffer = self._buffer[end:]
        return head

    def _read_body(self, head: RequestHead) -> bool | None:
        """Move what is there of the body; return ``finished``, or None while the body has not come."""
        if head.length is CHUNKED:
            return self._read_chunks()
        if head.length > self._most:
            return False
        missing = head.length - len(self._content)
        self._content += self._buffer[:missing]
        self._buffer = self._buffer[missing:]
        return True if len(self._content) == head.length else None

    def _read_chunks(self) -> bool | None:
        data, self._buffer = self._buffer, b""
        for piece in self._decoder.feed(data):
            self._content += piece
            if len(self._content) > self._most:
                return False
        if not self._decoder.finished:
            return None
        self._buffer, self._decoder = self._decoder.rest, ChunkDecoder()
        return True
