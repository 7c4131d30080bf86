"""The request's body on its way to the upstream."""

import time
from collections.abc import Iterator

import gevent

from http1.body import chunk, last_chunk
from http1.fields import MalformedError
from http1.head import CHUNKED
from http1.stream import EndOfStreamError
from proxy.errors import BodyTooLargeError, ClientTooSlowError, GatewayError, MalformedBodyError, TooSlowError
from proxy.received import RequestBody
from proxy.upstreams.connection import Connection


def client_pieces(body: RequestBody, limit: int | None) -> Iterator[bytes]:
    """Return the pieces of ``body``.

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


class Upload:
    """Sends a body while the answer may already be coming, in a greenlet of its own."""

    def __init__(self, body: RequestBody, limit: int | None, connection: Connection) -> None:
        self.error: GatewayError | None = None
        self.is_complete = False
        self._body = body
        self._pieces = client_pieces(body, limit)
        self._connection = connection
        self._waits_for_client = True
        self._moved_at = time.monotonic()
        self._greenlet = gevent.spawn(self._run)

    def is_moving(self, seconds: float) -> bool:
        """Whether the upstream need not answer yet: it was given something within ``seconds``, or is owed it."""
        return self._waits_for_client or time.monotonic() - self._moved_at < seconds

    def stop(self) -> None:
        """Send no more."""
        self._greenlet.kill()

    def _run(self) -> None:
        try:
            for piece in self._pieces:
                self._send(chunk(piece) if self._body.length is CHUNKED else piece)
            if self._body.length is CHUNKED:
                self._send(last_chunk(self._body.trailers))
            self.is_complete = True
        except GatewayError as error:
            self.error = error
            self._connection.abort()
        except TimeoutError:
            self.error = TooSlowError("The upstream does not take the request's body.")
            self._connection.abort()
        except OSError:
            pass  # the upstream wants no more; what it answers, if anything, tells why
        finally:
            self._waits_for_client = False

    def _send(self, data: bytes) -> None:
        self._waits_for_client = False
        self._connection.send(data)
        self._moved_at = time.monotonic()
        self._waits_for_client = True
