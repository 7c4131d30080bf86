"""The request's body as it goes to the upstream: received whole before, or streamed while it comes."""

import logging
import time
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from tempfile import TemporaryFile
from typing import IO

import gevent
from django.conf import settings

from http1.body import chunk, last_chunk
from http1.fields import MalformedError
from http1.head import CHUNKED
from http1.stream import PIECE, EndOfStreamError
from proxy.errors import BodyTooLargeError, BufferFullError, ClientTooSlowError, MalformedBodyError
from proxy.headers import request_trailers
from proxy.received import Received, RequestBody

logger = logging.getLogger(__name__)

_MINIMUM_RATE = 500  # bytes a second, as in Apache's mod_reqtimeout
_PIECES_PER_TURN = 16  # that one client may send before the others get a turn


class StreamedBody:
    """A body that goes on piece by piece, as it comes, and once only."""

    beginning = b""  # what is sent together with the head
    is_replayable = False

    def __init__(self, received: Received, limit: int | None) -> None:
        self._body = received.body
        self._limit = limit

    def pieces(self) -> Iterator[bytes] | None:
        """Return the pieces that follow ``beginning``, framed; None where there are none."""
        return None if self._body.finished else _framed(self._body, client_pieces(self._body, self._limit))

    def close(self) -> None:
        """Do nothing: there is nothing to release."""


class BufferedBody:
    """A body that was received whole: in memory, or in a file without a name if it is larger.

    The bound is Django's ``FILE_UPLOAD_MAX_MEMORY_SIZE``, the folder of the file ``FILE_UPLOAD_TEMP_DIR``.
    """

    is_replayable = True

    def __init__(self, received: Received, limit: int | None) -> None:
        """Receive it, after a 100 where the client waits for that.

        Raises:
            GatewayError: it is malformed, too large or too slow, or there is no room for it.
        """
        self.beginning = b""
        self._body = received.body
        self._file: IO[bytes] | None = None
        if self._body.finished:
            return
        if received.head.expects_continue:
            received.send_interim(100, "Continue", [])
        pieces = _cooperative(_above_minimum_rate(client_pieces(self._body, limit), received.client_seconds))
        content = bytearray()
        for piece in pieces:
            content += piece
            if len(content) > settings.FILE_UPLOAD_MAX_MEMORY_SIZE:
                self._write(chain([bytes(content)], pieces))
                return
        self.beginning = b"".join(_framed(self._body, [bytes(content)] if content else []))

    def _write(self, pieces: Iterable[bytes]) -> None:
        try:
            self._file = TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR)  # noqa: SIM115 -- see close
            self._file.writelines(pieces)
        except OSError as error:
            self.close()
            logger.exception("A request's body cannot be buffered")
            raise BufferFullError("There is no room for the request's body now.") from error
        except BaseException:
            self.close()
            raise

    def pieces(self) -> Iterator[bytes] | None:
        """Return the pieces that follow ``beginning``, framed; None where that is all."""
        if self._file is None:
            return None
        self._file.seek(0)
        return _framed(self._body, iter(partial(self._file.read, PIECE), b""))

    def close(self) -> None:
        """Remove the file."""
        if self._file:
            self._file.close()
            self._file = None


def _framed(body: RequestBody, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield ``pieces`` as they go over the wire: chunked if the body came so."""
    if body.length is not CHUNKED:
        yield from pieces
        return
    for piece in pieces:
        yield chunk(piece)
    yield last_chunk(request_trailers(body.trailers))


def _above_minimum_rate(pieces: Iterator[bytes], seconds: float | None) -> Iterator[bytes]:
    """Yield ``pieces``.

    Raises:
        ClientTooSlowError: after ``seconds`` they do not come to ``_MINIMUM_RATE``, which single bytes would put off.
    """
    begun_at, received = time.monotonic(), 0
    for piece in pieces:
        received += len(piece)
        if seconds and time.monotonic() - begun_at > seconds + received / _MINIMUM_RATE:
            raise ClientTooSlowError("The body takes too long to arrive.")
        yield piece


def _cooperative(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield ``pieces``; give the other clients a turn now and then, also where this one's are already here."""
    for number, piece in enumerate(pieces, start=1):
        yield piece
        if not number % _PIECES_PER_TURN:
            gevent.sleep(0)


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
