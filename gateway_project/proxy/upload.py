"""Sends the request's body while the response may already be coming."""

import time
from collections.abc import Iterator

import gevent

from proxy.errors import ClientTooSlowError, GatewayError, TooSlowError
from proxy.upstreams.connection import Connection


class Upload:
    """Sends the pieces of a body to the upstream, in a greenlet of its own."""

    def __init__(self, pieces: Iterator[bytes], connection: Connection, timeout: float) -> None:
        self.is_complete = False
        self._pieces = pieces
        self._connection = connection
        self._timeout = timeout  # seconds that the upstream, or a client for it, may take for a piece
        self._error: GatewayError | None = None
        self._waits_for_client = True
        self._moved_at = time.monotonic()
        self._greenlet = gevent.spawn(self._run)

    def is_moving(self) -> bool:
        """Whether the upstream need not answer yet: it was given something lately, or is owed it."""
        return self._waits_for_client or not self._is_overdue()

    def failure(self) -> GatewayError | None:
        """Return why the exchange failed, if that is not the upstream's doing.

        A client that sends nothing for long is the reason, too, why an upstream gives a request up.
        """
        if self._waits_for_client and self._is_overdue():
            return ClientTooSlowError("The body took too long to arrive.")
        return self._error

    def stop(self) -> None:
        """Send no more."""
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
            self._error = TooSlowError("The upstream does not take the request's body.")
            self._connection.abort()
        except OSError:
            pass  # the upstream wants no more; what it answers, if anything, tells why
        finally:
            self._waits_for_client = False
