import os
import secrets
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest

from devservers.pgbouncer import PgBouncerMissingError, running_pgbouncer

URL = urlsplit(os.environ["DATABASE_URL"])
SECONDS = 120


class Database:
    """A database on which `manage.py migrate_once` and other commands can be run."""

    def __init__(self, name):
        self.name = name
        self.url = URL._replace(path=f"/{name}").geturl()

    def start(self, *arguments, command="migrate_once", **variables):
        command = [sys.executable, "-m", "django", command, *arguments]
        environment = os.environ | {"DATABASE_URL": self.url, "PYTHONPATH": str(Path(__file__).parent)}
        environment |= {"DJANGO_SETTINGS_MODULE": "bank.settings"} | variables
        output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen(command, env=environment, **output)

    def create(self, options=""):
        administrate(f"CREATE DATABASE {self.name} {options}")

    def drop(self):
        administrate(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

    def query(self, sql):
        with closing(psycopg2.connect(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def applied(self):
        return [
            name for (name,) in self.query("SELECT name FROM django_migrations WHERE app = 'ledger' ORDER BY name")
        ]


def finish(process):
    """Wait for a process; return its exit status and output."""
    output, _ = process.communicate(timeout=SECONDS)
    return process.returncode, output


def administrate(statement):
    with closing(psycopg2.connect(URL._replace(path="/postgres").geturl())) as connection:
        connection.autocommit = True
        connection.cursor().execute(statement)


@pytest.fixture
def missing():
    """A database that does not exist yet."""
    database = Database(f"migrating_{secrets.token_hex(4)}")
    yield database
    database.drop()


@pytest.fixture
def empty(missing):
    missing.create()
    return missing


@pytest.fixture
def through_pgbouncer(empty):
    """The URL of the empty database through PgBouncer in transaction mode."""
    try:
        with running_pgbouncer(empty.url) as url:
            yield url
    except PgBouncerMissingError as missing:
        if os.environ.get("REQUIRE_PGBOUNCER") == "1":
            pytest.fail(f"REQUIRE_PGBOUNCER=1, but {missing}")
        pytest.skip(str(missing))
