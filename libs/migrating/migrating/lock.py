"""The lock that one of several migrating processes holds: a session-level advisory lock of PostgreSQL.

The connection that migrates holds it. If the process is killed, or the connection lost, the lock ends with the
migration.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

logger = logging.getLogger(__name__)

KEY = 0x6D696772  # "migr"; advisory locks are those of one database
POLL_SECONDS = 0.25
CONNECT_SECONDS, RETRY_SECONDS = 60.0, 2.0
# A server otherwise keeps the session of a machine that has gone, and the lock with it, for two hours.
KEEPALIVES = {"tcp_keepalives_idle": 20, "tcp_keepalives_interval": 10, "tcp_keepalives_count": 3}  # seconds, number


class LockError(Exception):
    """The lock cannot be had, or was lost; the message says why, and what to do."""


@contextmanager
def migration_lock(connection: BaseDatabaseWrapper, *, wait: float) -> Iterator[float]:
    """Hold the lock of the connection's database; yield how many seconds it took to get it.

    Tries again every ``POLL_SECONDS`` for ``wait`` seconds. A statement that waits for the lock would have a snapshot,
    for whose end CREATE INDEX CONCURRENTLY waits: a deadlock with the process that migrates.

    Raises:
        OperationalError: the server does not answer for ``CONNECT_SECONDS``.
        LockError: another process has held the lock all the time, the connection goes through a pooler, or the
            connection was replaced while the lock was held.
    """
    _connect(connection)
    _refuse_pooler(connection)
    started = time.monotonic()
    with connection.cursor() as cursor:
        for name, value in KEEPALIVES.items():
            cursor.execute("SELECT set_config(%s, %s, false)", [name, str(value)])
        while not _ask(cursor, "SELECT pg_try_advisory_lock(%s)", KEY):
            if time.monotonic() - started > wait:
                raise LockError(f"Another process has been migrating this database for {wait:g} seconds.")
            time.sleep(POLL_SECONDS)
    try:
        yield time.monotonic() - started
    except BaseException:
        connection.close()  # frees the lock, and leaves nothing half done
        raise
    with connection.cursor() as cursor:
        if not _ask(cursor, "SELECT pg_advisory_unlock(%s)", KEY):
            raise LockError("The connection was replaced while it held the lock: another process may have migrated.")


def _connect(connection: BaseDatabaseWrapper) -> None:
    """Connect; try again while the server does not answer, as one that starts together with the service."""
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
    """Refuse a connection whose server process is not the one that it was told when it was opened.

    A pooler in transaction mode gives each transaction another session; a lock of a session is then held by anyone.
    """
    told = connection.connection.info.backend_pid
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        if cursor.fetchone() != (told,):
            raise LockError(
                "The connection goes through a pooler, which does not keep a session's lock. "
                "Set DB_HOST or DATABASE_URL of this command to the server itself."
            )


def _ask(cursor: CursorWrapper, question: str, key: int) -> bool:
    cursor.execute(question, [key])
    return bool(cursor.fetchone() == (True,))
