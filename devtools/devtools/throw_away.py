"""An empty database beside one of the user's own, for as long as the tests run."""

import contextlib
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg2
from psycopg2 import sql

from devtools.errors import LauncherError

CONNECT_SECONDS = 5


@contextlib.contextmanager
def throw_away_database(url: str, *, suffix: str) -> Iterator[str]:
    """Create an empty database on the server of ``url``, give its URL, and drop it at the end.

    Raises:
        LauncherError: the server does not answer, or the user may not create databases.
    """
    parts = urlsplit(url)
    name = f"{parts.path.lstrip('/')}_{suffix}"
    try:
        execute(url, "CREATE DATABASE {}", name)
    except psycopg2.Error as error:
        raise LauncherError(f"The tests need a database of their own beside {parts.path}: {error}") from error
    try:
        yield parts._replace(path=f"/{name}").geturl()
    finally:
        execute(url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def execute(url: str, statement: str, database: str) -> None:
    """Run a statement outside of a transaction, as CREATE DATABASE and DROP DATABASE ask for."""
    with contextlib.closing(psycopg2.connect(url, connect_timeout=CONNECT_SECONDS)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL(statement).format(sql.Identifier(database)))
