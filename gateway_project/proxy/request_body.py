"""Request bodies for the upstream: buffered before the request is sent, or streamed."""

import logging
import time
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from tempfile import TemporaryFile
from typing import IO

from django.conf import settings

from http1.body import chunk, last_chunk
from http1.fields import MalformedError
from http1.head import CHUNKED
from http1.stream import PIECE, EndOfStreamError
from proxy.cooperative import cooperative
from proxy.errors import BodyTooLargeError, BufferFullError, ClientTooSlowError, MalformedBodyError
from proxy.headers import request_trailers
from proxy.received import Received, RequestBody

logger = logging.getLogger(__name__)

_MINIMUM_RATE = 500  # bytes a second, the default of Apache's mod_reqtimeout


class StreamedBody:
    """A body that is streamed while it arrives; it cannot be sent again."""

    beginning = b""  # sent together with the head
    is_replayable = False

    def __init__(self, received: Received, limit: int | None) -> None:
        self._body = received.body
        self._limit = limit

    def pieces(self) -> Iterator[bytes] | None:
        """Return the framed pieces after ``beginning``; None if the body is empty."""
        return None if self._body.finished else _framed(self._body, client_pieces(self._body, self._limit))

    def close(self) -> None:
        """Do nothing: a streamed body has no file."""


class BufferedBody:
    """A body that is received completely before the upstream is contacted; it can be sent again.

    Bodies larger than ``FILE_UPLOAD_MAX_MEMORY_SIZE`` are kept in an unnamed file in ``FILE_UPLOAD_TEMP_DIR``.
    """

    is_replayable = True

    def __init__(self, received: Received, limit: int | None) -> None:
        """Receive the body, after a 100 (Continue) if the client expects one.

        Raises:
            GatewayError: the body is malformed, too large or too slow, or the disk is full.
        """
        self.beginning = b""
        self._body = received.body
        self._file: IO[bytes] | None = None
        if self._body.finished:
            return
        if received.head.expects_continue:
            received.send_interim(100, "Continue", [])
        pieces = _above_minimum_rate(client_pieces(self._body, limit), received.client_seconds)
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
            logger.exception("A request body cannot be buffered")
            raise BufferFullError("The request body cannot be buffered now.") from error
        except BaseException:
            self.close()
            raise

    def pieces(self) -> Iterator[bytes] | None:
        """Return the framed pieces of the file; None if ``beginning`` is the whole body."""
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
    """Yield ``pieces``, with chunked framing if the client sent the body chunked."""
    if body.length is not CHUNKED:
        yield from pieces
        return
    for piece in pieces:
        yield chunk(piece)
    yield last_chunk(request_trailers(body.trailers))


def _above_minimum_rate(pieces: Iterator[bytes], seconds: float | None) -> Iterator[bytes]:
    """Yield ``pieces``, which must arrive at ``_MINIMUM_RATE`` on average, after a grace period of ``seconds``.

    A timeout between two pieces is not enough: a client that sends single bytes never reaches it.

    Raises:
        ClientTooSlowError: the pieces arrive more slowly.
    """
    begun_at, received = time.monotonic(), 0
    for piece in pieces:
        received += len(piece)
        if seconds and time.monotonic() - begun_at > seconds + received / _MINIMUM_RATE:
            raise ClientTooSlowError("The body takes too long to arrive.")
        yield piece


def client_pieces(body: RequestBody, limit: int | None) -> Iterator[bytes]:
    """Yield the pieces of ``body``.

    Raises:
        GatewayError: the body is malformed, ends early, stops arriving, or has more than ``limit`` bytes.
    """
    received = 0
    try:
        for piece in cooperative(body):
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
