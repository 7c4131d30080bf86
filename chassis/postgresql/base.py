"""The database backend; Django finds its class by this module's name."""

from datetime import timezone
from typing import Any

from django.db.backends.postgresql import base

from chassis.sockets import is_silent


class DatabaseWrapper(base.DatabaseWrapper):
    """Asks the operating system about an idle connection, and the server only when there is something to ask.

    Django's own check is a query before each request that uses the database. Nothing can be read from an idle
    connection that works: when the server closes it, at a restart or by pg_terminate_backend, that can be read.

    A cursor is made without looking for an event loop: services have threads.
    """

    tzinfo_factory = (
        timezone  # of UTC, in which sessions are: Python's own, and no call of Django's for each instant
    )
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
