"""The lock of concurrent migrating processes: a session-level advisory lock of PostgreSQL.

The connection that migrates holds the lock. If the process is killed or loses the connection, PostgreSQL releases it.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

logger = logging.getLogger(__name__)

KEY = 0x6D696772  # "migr"; advisory locks are local to a database
POLL_SECONDS = 0.25
CONNECT_SECONDS, RETRY_SECONDS = 60.0, 2.0
# By default, the server keeps the session of a failed machine, and its lock, for two hours.
KEEPALIVES = {"tcp_keepalives_idle": 20, "tcp_keepalives_interval": 10, "tcp_keepalives_count": 3}  # seconds, number


class LockError(Exception):
    """The lock cannot be acquired, or was lost; the message has the reason."""


@contextmanager
def migration_lock(connection: BaseDatabaseWrapper, *, wait: float) -> Iterator[float]:
    """Hold the lock of the connection's database; yield the seconds it took to acquire.

    Retries every ``POLL_SECONDS`` for ``wait`` seconds. It does not wait in ``pg_advisory_lock``: that statement would
    hold a snapshot, and CREATE INDEX CONCURRENTLY waits for snapshots to end: a deadlock.

    Raises:
        OperationalError: the server did not respond within ``CONNECT_SECONDS``.
        LockError: another process held the lock for ``wait`` seconds, the connection goes through a pooler, or the
            connection was replaced while the lock was held.
    """
    connect(connection)
    _refuse_pooler(connection)
    started = time.monotonic()
    with connection.cursor() as cursor:
        for name, value in KEEPALIVES.items():
            cursor.execute("SELECT set_config(%s, %s, false)", [name, str(value)])
        while not _call(cursor, "SELECT pg_try_advisory_lock(%s)", KEY):
            if time.monotonic() - started > wait:
                raise LockError(f"Another process has been migrating this database for {wait:g} seconds.")
            time.sleep(POLL_SECONDS)
    try:
        yield time.monotonic() - started
    except BaseException:
        connection.close()  # releases the lock and rolls back
        raise
    with connection.cursor() as cursor:
        if not _call(cursor, "SELECT pg_advisory_unlock(%s)", KEY):
            raise LockError("The connection was replaced while it held the lock: another process may have migrated.")


def connect(connection: BaseDatabaseWrapper) -> None:
    """Connect, with retries for a server that does not respond yet, such as one that starts with the service.

    Raises:
        OperationalError: the server did not respond within ``CONNECT_SECONDS``.
    """
    give_up_at = time.monotonic() + CONNECT_SECONDS
    while True:
        try:
            return connection.ensure_connection()
        except OperationalError as error:
            if time.monotonic() > give_up_at:
                raise
            logger.warning("database unavailable to migrations", extra={"error": str(error).strip()})
            time.sleep(RETRY_SECONDS)


def _refuse_pooler(connection: BaseDatabaseWrapper) -> None:
    """Refuse a connection through a pooler: its server process differs from that announced when it was opened.

    A pooler in transaction mode may run each transaction in another session, so a session-level lock is useless.
    """
    announced = connection.connection.info.backend_pid
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        if cursor.fetchone() != (announced,):
            raise LockError(
                "The connection goes through a pooler, which does not keep a session's lock. "
                "Set DB_HOST or DATABASE_URL of this command to the server itself."
            )


def _call(cursor: CursorWrapper, sql: str, key: int) -> bool:
    cursor.execute(sql, [key])
    return bool(cursor.fetchone() == (True,))
