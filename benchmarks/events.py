"""Cost of events at a million users: the migration, a new consumer, compaction and purge.

python -m benchmarks.events [--users 1000000] > benchmarks/results/events.txt

While the migration writes the events of existing users, a client changes users; its longest wait is printed.
"""

import argparse
import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg2

from benchmarks.own_stack import migrate, own_stack
from benchmarks.stack import base_environment
from devservers.folders import temporary_directory
from devservers.postgres import PrivatePostgres, running
from devtools.projects import PROJECTS, manage_command, service_environment, with_database

BEFORE_EVENTS = ("users", "0002_search")
INSERT = """
    INSERT INTO users_user (name, email, created_at, updated_at)
    SELECT 'User ' || n, n || '@example.com', now(), now() FROM generate_series(1, %s) AS n
"""
CHANGE = "UPDATE users_user SET name = name || '!' WHERE id = 1 + (random() * %s)::int"


def execute(url: str, statement: str, *values: object) -> None:
    """Run one statement."""
    with contextlib.closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        connection.cursor().execute(statement, values)


class Commands:
    """Runs Django commands of the projects."""

    def __init__(self, urls: dict[str, str], folder: Path) -> None:
        self.urls, self.folder = urls, folder

    def run(self, name: str, *arguments: str, **variables: str) -> float:
        """Run a command; return its duration in seconds."""
        project = PROJECTS[name]
        base = base_environment() | variables
        environment = service_environment(
            project, addresses={}, data_dir=self.folder, database_url=self.urls[name], base=base
        )
        started = time.monotonic()
        subprocess.run(
            manage_command(project, *arguments), cwd=project.folder, env=environment | variables, check=True
        )
        return time.monotonic() - started


def longest_wait(url: str, users: int, work: Callable[[], float]) -> tuple[float, float]:
    """Return the seconds of ``work``, and the longest wait of a client that concurrently changes users."""
    waits, done = [0.0], threading.Event()

    def change() -> None:
        with contextlib.closing(psycopg2.connect(url)) as connection:
            connection.autocommit = True
            while not done.wait(0.005):
                started = time.monotonic()
                connection.cursor().execute(CHANGE, [users - 1])
                waits.append(time.monotonic() - started)

    client = threading.Thread(target=change)
    client.start()
    try:
        return work(), max(waits)
    finally:
        done.set()
        client.join()


def main() -> None:
    """Run the measurements and print the results."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--users", type=int, default=1_000_000)
    users = parser.parse_args().users
    with temporary_directory("bench-") as folder:
        server = PrivatePostgres(folder)
        with running(server):
            urls = {project.name: server.url(f"events_{project.name}") for project in with_database()}
            for name in urls:
                server.create_database(f"events_{name}")
            commands = Commands(urls, folder)
            commands.run("user", "migrate", "--verbosity", "0", *BEFORE_EVENTS)
            execute(urls["user"], INSERT, users)
            execute(urls["user"], "VACUUM ANALYZE")
            seconds, wait = longest_wait(
                urls["user"], users, lambda: commands.run("user", "migrate", "--verbosity", "0")
            )
            print(f"{os.cpu_count()} cores, {users:,} users")
            print(f"migration: {seconds:.0f} s; longest wait of a client that changes users: {1000 * wait:.0f} ms")
            migrate(urls, folder)
            with own_stack("events", urls, folder, 2) as stack:
                address = {"USER_SERVICE_URL": stack.addresses["user"].url}
                seconds = commands.run("order", "consume_events", "--once", **address)
            print(f"a new consumer: {seconds:.0f} s, {users / seconds:,.0f} events a second")
            execute(urls["user"], "UPDATE users_user SET name = name || '?' WHERE id <= %s", users // 10)
            execute(urls["user"], "UPDATE outbox_event SET time = time - interval '91 days'")
            execute(urls["user"], "UPDATE outbox_event SET position = id, time = time WHERE position IS NULL")
            execute(urls["user"], "UPDATE outbox_feed SET head = (SELECT max(position) FROM outbox_event)")
            seconds = commands.run("user", "purge_events")
            print(f"compaction of {users // 10:,} events: {seconds:.0f} s, {users / 10 / seconds:,.0f} a second")


if __name__ == "__main__":
    main()
