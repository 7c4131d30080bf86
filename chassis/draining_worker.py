"""The gunicorn worker of the services: one that stops without resetting a connection.

A ``gthread`` worker that is told to stop takes no more connections but keeps its listening socket open until its last
request has ended and its kept-alive connections are closed. Meanwhile the kernel still completes connections, puts them
in the socket's queue, and resets them when the socket is closed: a request sent on one is lost, and where it must not
be repeated, it fails. This worker takes what is in the queue and closes the socket at once: who comes later is refused,
knows that nothing was sent, and can go elsewhere.
"""

from gunicorn.workers.gthread import ThreadWorker


class DrainingThreadWorker(ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """Told to stop, it takes those who have connected already, and then lets nobody connect any more."""

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001 - gunicorn's signature
        """Begin or cease to accept; a worker that is to stop empties the queue before, and closes it after."""
        is_stopping = not enabled and not self.alive
        if is_stopping:
            for listener in self.sockets:
                self._take_all(listener)
        super().set_accept_enabled(enabled)
        if is_stopping:
            for listener in self.sockets:
                listener.close()
            self.sockets = []

    def _take_all(self, listener: object) -> None:
        taken = -1
        while taken != self.nr_conns:  # the socket does not block: nobody is left when the number stays
            taken = self.nr_conns
            self.accept(listener)
