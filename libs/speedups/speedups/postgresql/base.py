"""The database backend. Django requires this module name."""

from django.db.backends.postgresql import base

from speedups.sockets import is_silent


class DatabaseWrapper(base.DatabaseWrapper):
    """Checks idle connections with ``poll`` instead of a query.

    Django's own health check sends a query before each request that uses the database. A healthy idle connection has
    no data to read. A connection that the server closed (restart, pg_terminate_backend) is readable.
    """

    def is_usable(self) -> bool:
        """Return whether the connection is healthy."""
        if self.connection.closed:
            return False
        if not self.errors_occurred and is_silent(self.connection.fileno()):
            return True
        return bool(super().is_usable())  # readable, but maybe only a TLS message
