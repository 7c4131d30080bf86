"""A private PostgreSQL server with the databases of all stacks, filled with the same data."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg2

from benchmarks.own_stack import migrate
from devservers.folders import temporary_directory
from devservers.postgres import PrivatePostgres, running
from devtools.projects import with_database

OWN_ROWS = {
    "user": """
        INSERT INTO users_user (name, email, created_at, updated_at)
        SELECT 'John', 'seed-' || n || '@example.com', now(), now() FROM generate_series(1, %(users)s) n
    """,
    "order": """
        INSERT INTO orders_order (user_id, product_name, quantity, status, user_verified_at, created_at, updated_at)
        SELECT 1 + n %% %(users)s, 'Laptop', 1, 'placed', now(), now(), now() FROM generate_series(1, %(orders)s) n
    """,
}
REFERENCE_ROWS = {
    "user": """
        INSERT INTO users (name, email)
        SELECT 'John', 'seed-' || n || '@example.com' FROM generate_series(1, %(users)s) n
    """,
    "order": """
        INSERT INTO orders (user_id, product_name)
        SELECT 1 + n %% %(users)s, 'Laptop' FROM generate_series(1, %(orders)s) n
    """,
}
USERS = 1000


@dataclass(frozen=True)
class Databases:
    """The server's first process, its folder, and the URLs by project name."""

    postgres: psutil.Process
    folder: Path
    own: Mapping[str, str]
    reference: Mapping[str, str]


@contextlib.contextmanager
def private_databases(*, orders: int) -> Iterator[Databases]:
    """Run the server in a temporary directory, with fsync on as under ``up``.

    Our databases have 1,000 users and ``orders`` orders. The reference stack creates its tables itself.
    """
    with temporary_directory("bench-") as folder:
        server = PrivatePostgres(folder)
        with running(server) as process:
            names = [project.name for project in with_database()]
            for name in names:
                server.create_database(f"own_{name}")
                server.create_database(f"reference_{name}")
            databases = Databases(
                psutil.Process(process.pid),
                folder,
                {name: server.url(f"own_{name}") for name in names},
                {name: server.url(f"reference_{name}") for name in names},
            )
            migrate(databases.own, folder)
            fill(databases.own, OWN_ROWS, orders)
            yield databases


def fill(urls: Mapping[str, str], rows: Mapping[str, str], orders: int) -> None:
    """Insert the rows, and update PostgreSQL's statistics."""
    for name, statement in rows.items():
        with contextlib.closing(psycopg2.connect(urls[name])) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, {"users": USERS, "orders": orders})
                cursor.execute("VACUUM ANALYZE")
                cursor.execute("CHECKPOINT")
