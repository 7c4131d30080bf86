"""The database backend; Django finds its class by this module's name."""

from django.db.backends.postgresql import base

from speedups.sockets import is_silent


class DatabaseWrapper(base.DatabaseWrapper):
    """Asks the operating system about an idle connection, and the server only if there is something to ask.

    Django's own health check is a query before each request that uses the database. Nothing can be read from an idle
    connection that works: if the server closes it, at a restart or by pg_terminate_backend, that can be read.
    """

    def is_usable(self) -> bool:
        """Return whether the connection works."""
        if self.connection.closed:
            return False
        if not self.errors_occurred and is_silent(self.connection.fileno()):
            return True
        return bool(super().is_usable())  # may also be a message such as those of TLS
