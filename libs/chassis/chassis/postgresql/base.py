"""The database backend; Django finds its class by this module's name."""

from datetime import timezone
from typing import Any

from django.db.backends.postgresql import base

from chassis.sockets import is_silent


class DatabaseWrapper(base.DatabaseWrapper):
    """Asks the operating system about an idle connection, and the server only when there is something to ask.

    Django's own check is a query before each request that uses the database. Nothing can be read from an idle
    connection that works: when the server closes it, at a restart or by pg_terminate_backend, that can be read.

    A cursor is made without looking for an event loop: services have threads. The time zone of what is read, which is
    that of the session, is made by Python's own class, and not by a method for each instant.
    """

    tzinfo_factory = timezone
    ensure_connection = base.DatabaseWrapper.ensure_connection.__wrapped__
    create_cursor = base.DatabaseWrapper.create_cursor.__wrapped__

    def cursor(self) -> Any:
        """Return a new cursor of an open connection."""
        return self._cursor()

    def is_usable(self) -> bool:
        """Whether the connection works."""
        if self.connection.closed:
            return False
        if not self.errors_occurred and is_silent(self.connection.fileno()):
            return True
        return bool(super().is_usable())  # may also be a message such as those of TLS
