"""Create and query the databases of a test run."""

import os
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import psycopg2
from psycopg2 import sql

from devtools.projects import Project

MAINTENANCE_DATABASE = "postgres"  # as in Django's test runner


@contextmanager
def new_database(project: Project, template: str = "template1") -> Iterator[str]:
    """Create a database on the server of the project's URL, yield its URL, and drop it at the end.

    It is a copy of ``template``, which must have no open connections. A copy of the default is empty.
    """
    server = os.environ[project.variable("DATABASE_URL")]
    name = f"test_{project.name}_{uuid.uuid4().hex[:12]}"
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    administer(server, statement.format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        administer(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def name_of(url: str) -> str:
    """Return the name of the database in a URL."""
    return urlsplit(url).path.removeprefix("/")


def administer(server: str, statement: sql.Composed) -> None:
    """Run a statement outside of a transaction, as CREATE DATABASE requires."""
    url = urlsplit(server)._replace(path=f"/{MAINTENANCE_DATABASE}").geturl()
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        connection.cursor().execute(statement)


def fetch_all(url: str, query: str, *parameters: object) -> list[tuple]:
    """Run a query directly in the database, and return its rows."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()


def add_account(url: str, **values: str) -> None:
    """Insert an administrator with these ``values`` into the accounts of a service."""
    fixed = {"first_name": "", "last_name": "", "date_joined": "now", "is_superuser": True, "is_staff": True}
    row = {**fixed, "is_active": True, **values}
    statement = sql.SQL("INSERT INTO auth_user ({}) VALUES ({})").format(
        sql.SQL(", ").join(map(sql.Identifier, row)), sql.SQL(", ").join(map(sql.Placeholder, row))
    )
    with closing(psycopg2.connect(url)) as connection, connection:
        connection.cursor().execute(statement, row)
