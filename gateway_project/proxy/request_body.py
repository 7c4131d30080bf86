"""The request's body as it goes to the upstream: received whole before, or streamed while it comes."""

import logging
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile

import gevent
from django.conf import settings

from http1.body import chunk, last_chunk
from http1.fields import MalformedError
from http1.head import CHUNKED
from http1.stream import PIECE, EndOfStreamError
from proxy.errors import BodyTooLargeError, BufferFullError, ClientTooSlowError, MalformedBodyError
from proxy.received import Received, RequestBody

logger = logging.getLogger(__name__)

_PIECES_IN_A_ROW = 16  # that one client may send before the others get a turn


class StreamedBody:
    """A body that goes on piece by piece, as it comes, and once only."""

    beginning = b""  # what is sent together with the head
    is_repeatable = False

    def __init__(self, received: Received, limit: int | None) -> None:
        self._body = received.body
        self._limit = limit

    def pieces(self) -> Iterator[bytes] | None:
        """Return the pieces that follow ``beginning``, framed; None where there are none."""
        return None if self._body.finished else self._framed()

    def _framed(self) -> Iterator[bytes]:
        pieces = client_pieces(self._body, self._limit)
        if self._body.length is not CHUNKED:
            yield from pieces
            return
        for piece in pieces:
            yield chunk(piece)
        yield last_chunk(self._body.trailers)

    def close(self) -> None:
        """Do nothing: there is nothing to release."""


class BufferedBody:
    """A body that was received whole: in memory, or in a file without a name if it is larger.

    The bound is Django's ``FILE_UPLOAD_MAX_MEMORY_SIZE``, the folder of the file ``FILE_UPLOAD_TEMP_DIR``.
    """

    is_repeatable = True

    def __init__(self, received: Received, limit: int | None) -> None:
        """Receive it, after a 100 where the client waits for that.

        Raises:
            GatewayError: it is malformed, too large or too slow, or there is no room for it.
        """
        self.beginning = b""
        self._body = received.body
        self._file: SpooledTemporaryFile[bytes] | None = None
        if self._body.finished:
            return
        if received.head.expects_continue:
            received.send_interim(100, "Continue", [])
        most = settings.FILE_UPLOAD_MAX_MEMORY_SIZE
        self._file = SpooledTemporaryFile(max_size=most, dir=settings.FILE_UPLOAD_TEMP_DIR)  # noqa: SIM115 -- see close
        try:
            size = self._fill(self._file, limit)
        except BaseException:
            self.close()
            raise
        if size <= most:
            self.beginning = b"".join(self._framed())
            self.close()

    def _fill(self, file: "SpooledTemporaryFile[bytes]", limit: int | None) -> int:
        size = 0
        for number, piece in enumerate(client_pieces(self._body, limit), start=1):
            try:
                file.write(piece)
            except OSError as error:
                logger.exception("A request's body cannot be buffered")
                raise BufferFullError("There is no room for the request's body now.") from error
            size += len(piece)
            if not number % _PIECES_IN_A_ROW:
                gevent.sleep(0)
        return size

    def pieces(self) -> Iterator[bytes] | None:
        """Return the pieces that follow ``beginning``, framed; None where that is all."""
        return self._framed() if self._file else None

    def _framed(self) -> Iterator[bytes]:
        file = self._file
        if file is None:
            return
        is_chunked = self._body.length is CHUNKED
        file.seek(0)
        while piece := file.read(PIECE):
            yield chunk(piece) if is_chunked else piece
        if is_chunked:
            yield last_chunk(self._body.trailers)

    def close(self) -> None:
        """Remove the file."""
        if self._file:
            self._file.close()
            self._file = None


def client_pieces(body: RequestBody, limit: int | None) -> Iterator[bytes]:
    """Yield the pieces of ``body``.

    Raises:
        GatewayError: it is malformed, breaks off, does not come, or has more than ``limit`` bytes.
    """
    received = 0
    try:
        for piece in body:
            received += len(piece)
            if limit is not None and received > limit:
                raise BodyTooLargeError(f"The body is larger than {limit} bytes.")
            yield piece
    except MalformedError as error:
        raise MalformedBodyError(str(error)) from error
    except TimeoutError as error:
        raise ClientTooSlowError("The body took too long to arrive.") from error
    except (OSError, EndOfStreamError) as error:
        raise MalformedBodyError("The body ended early.") from error
