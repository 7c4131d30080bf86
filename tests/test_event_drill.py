"""After kill -9 of any process at any moment, the order service has the state of every user, and correct flags.

A short drill runs with the other tests; run a longer one by hand::

    EVENT_DRILL_KILLS=500 python3 manage_all.py test system -k event_drill
"""

import contextlib
import os
import random
import threading
import time

import psycopg2
import pytest

from devservers.folders import temporary_directory
from devservers.processes import wait_for
from tests.api import Client
from tests.crashable_postgres import running_crashable_postgres
from tests.databases import fetch_all
from tests.event_worker import EventWorker
from tests.system import running_system

KILLS = int(os.environ.get("EVENT_DRILL_KILLS", "6"))
KINDS = ["worker", "worker", "worker", "user service", "order service", "PostgreSQL"]
SEED = int(os.environ.get("EVENT_DRILL_SEED", random.randrange(10**6)))
USERS, WORKERS, WRITERS = 36, 2, 3  # the latest users are changed
PAUSE_SECONDS = 0.05  # between the changes of one writer
ORDERS = 5  # placed between two kills, at least
LONGEST_PAUSE = 1.0  # seconds before a kill; a worker starts in about one
SETTLE_SECONDS = 60.0

FLAGS = "SELECT user_id, user_deactivated_at IS NOT NULL, user_deleted_at IS NOT NULL FROM orders_order"


@pytest.fixture
def postgres():
    with temporary_directory() as folder, running_crashable_postgres(folder / "data") as server:
        yield server


@pytest.fixture
def killable_system(postgres, new_databases, data_dir, tmp_path):
    with new_databases() as migrated:
        urls = postgres.copy_databases(migrated)
    with running_system(urls, data_dir, tmp_path, USER_SERVICE_BREAKER_SECONDS="0.2") as system:
        yield system


@pytest.fixture
def workers(killable_system, tmp_path):
    started = [EventWorker(killable_system.order, tmp_path / f"worker-{number}.log") for number in range(WORKERS)]
    for worker in started:
        worker.start()
    yield started
    for worker in started:
        worker.kill()


class Writer(threading.Thread):
    """Changes users and places orders, by the API and by SQL. Ignores failures."""

    def __init__(self, system, seed):
        super().__init__()
        self.system, self.chance, self.stopped = system, random.Random(seed), threading.Event()
        self.newest_user, self.orders = 1, 0

    def run(self):
        with self.system.gateway.client() as client:
            while not self.stopped.wait(PAUSE_SECONDS):
                with contextlib.suppress(OSError, psycopg2.Error):
                    self.act(client)

    def act(self, client: Client):
        user_id = self.chance.randint(max(1, self.newest_user - USERS), self.newest_user + 1)
        match self.chance.randrange(12):
            case 0 | 1:
                name = f"User {self.chance.random()}"
                made = client.post("/users", json={"name": name, "email": f"{self.chance.random()}@example.com"})
                self.newest_user = made.json()["id"] if made.status_code == 201 else self.newest_user
            case 2 | 3:
                client.patch(f"/users/{user_id}", json={"is_active": self.chance.random() < 0.5})
            case 4:
                client.delete(f"/users/{user_id}")
            case 5:
                self.execute("UPDATE users_user SET is_active = NOT is_active WHERE id %% 5 = %s", user_id % 5)
            case _:
                placed = client.post("/orders", json={"user_id": user_id, "product_name": "Laptop"})
                self.orders += placed.status_code == 201

    def execute(self, statement, *values):
        with contextlib.closing(psycopg2.connect(self.system.database_urls["user"])) as connection, connection:
            connection.cursor().execute(statement, values)


def wait_for_orders(writers):
    """Wait until ``ORDERS`` more orders are placed, so that every kill interrupts changes."""
    wanted = sum(writer.orders for writer in writers) + ORDERS
    assert wait_for(lambda: sum(writer.orders for writer in writers) >= wanted, seconds=SETTLE_SECONDS)


def plan(kills, chance):
    """Return the kinds of processes to kill, in random order. Six kills include every kind."""
    kinds = [KINDS[number % len(KINDS)] for number in range(kills)]
    chance.shuffle(kinds)
    return kinds


def kill_at_random(kind, system, postgres, workers, chance):
    """Kill a process of this kind after a random delay, and start it again."""
    time.sleep(chance.uniform(0, LONGEST_PAUSE))
    if kind == "worker":
        worker = chance.choice(workers)
        worker.kill()
        worker.start()
    elif kind == "PostgreSQL":
        postgres.kill()
        postgres.start()
    else:
        service = system.user if kind == "user service" else system.order
        service.kill()
        service.launch()


def find_violations(system):
    """Return wrong states, wrong flags and dead letters in the order database."""
    user_database, order_database = system.database_urls["user"], system.database_urls["order"]
    users = dict(fetch_all(user_database, "SELECT id, is_active FROM users_user"))
    known = dict(fetch_all(order_database, "SELECT user_id, state FROM known_user"))
    expected = {user_id: "active" if is_active else "inactive" for user_id, is_active in users.items()}
    expected = dict.fromkeys(known.keys() - users.keys(), "deleted") | expected
    found = [
        f"user {one} is {known.get(one)}, not {state}" for one, state in expected.items() if known.get(one) != state
    ]
    for user_id, deactivated, deleted in fetch_all(order_database, f"{FLAGS} WHERE status = 'placed'"):
        state = expected.get(user_id, "deleted")
        right = deleted if state == "deleted" else (deactivated, deleted) == (state == "inactive", False)
        if not right:
            found.append(f"an order of user {user_id}, who is {state}: {deactivated=}, {deleted=}")
    found += [f"dead letter {row}" for row in fetch_all(order_database, "SELECT * FROM inbox_dead_letter")]
    return found


def find_gaps(system):
    """Return the users with missing or duplicate versions; fail if positions are missing or duplicate."""
    database = system.database_urls["user"]
    positions = [one for (one,) in fetch_all(database, "SELECT position FROM outbox_event ORDER BY position")]
    assert positions == [*range(1, len(positions) + 1)]
    return fetch_all(
        database,
        "SELECT subject FROM outbox_event GROUP BY subject HAVING count(*) <> max(version) OR min(version) <> 1",
    )


def test_event_drill_leaves_correct_users_and_flags(killable_system, postgres, workers):
    chance = random.Random(SEED)
    writers = [Writer(killable_system, chance.random()) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    try:
        for kind in plan(KILLS, chance):
            wait_for_orders(writers)
            kill_at_random(kind, killable_system, postgres, workers, chance)
    finally:
        for writer in writers:
            writer.stopped.set()
        for writer in writers:
            writer.join(60)
    for service in (killable_system.user, killable_system.order):
        service.wait_until_ready()

    settled = wait_for(lambda: find_violations(killable_system) == [], seconds=SETTLE_SECONDS)

    logs = "".join(worker.log[-4000:] for worker in workers)
    assert settled, f"seed {SEED}: {find_violations(killable_system)[:10]}\n{logs}"
    assert find_gaps(killable_system) == []
