"""Send a request body while the response may already arrive."""

import time
from collections.abc import Iterator

import gevent

from proxy.errors import ClientTooSlowError, GatewayError, TooSlowError, TotalTimeoutError
from proxy.upstreams.connection import Connection


class Upload:
    """Sends a body to the upstream in a greenlet."""

    def __init__(self, pieces: Iterator[bytes], connection: Connection, timeout: float) -> None:
        self.is_complete = False
        self._pieces = pieces
        self._connection = connection
        self._timeout = timeout  # seconds to send one piece to the upstream, or to receive one from the client
        self._error: GatewayError | None = None
        self._waits_for_client = True
        self._moved_at = time.monotonic()
        self._greenlet = gevent.spawn(self._run)

    def is_moving(self) -> bool:
        """Return whether the upload makes progress, so that the read timeout does not apply yet."""
        return self._waits_for_client or not self._is_overdue()

    def failure(self, error: BaseException) -> GatewayError | None:
        """Return the error of the client if it, and not the upstream, caused ``error``.

        If the client stalled, it also caused the upstream to abort the request, or the exchange to take too long.
        """
        if self._waits_for_client and (self._is_overdue() or isinstance(error, TotalTimeoutError)):
            return ClientTooSlowError("The body took too long to arrive.")
        return self._error

    def stop(self) -> None:
        """Stop sending."""
        self._greenlet.kill()

    def _is_overdue(self) -> bool:
        return time.monotonic() - self._moved_at >= self._timeout

    def _run(self) -> None:
        try:
            for piece in self._pieces:
                self._waits_for_client = False
                self._connection.send(piece)
                self._moved_at = time.monotonic()
                self._waits_for_client = True
            self.is_complete = True
        except GatewayError as error:
            self._error = error
            self._connection.abort()
        except TimeoutError:
            self._error = TooSlowError("The upstream does not read the request body.")
            self._connection.abort()
        except OSError:
            pass  # the upstream stopped reading; its response, if any, has the reason
        finally:
            self._waits_for_client = False
