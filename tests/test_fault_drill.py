"""After kill -9 of any process at any moment, every acknowledged order is there, once.

The short form runs with the other tests. A longer one is run by hand; the seed repeats which harm is done after how
many orders, though not what the processes do at that moment::

    DRILL_ORDERS=5000 DRILL_KILLS=300 DRILL_SEED=7 python3 manage_all.py test system -k fault_drill
"""

import os
import random
import re
from collections import Counter

import pytest

from devservers.folders import throw_away_folder
from devtools.projects import PROJECTS, with_database
from tests import drill
from tests.api import make_user
from tests.crashable_postgres import running_crashable_postgres
from tests.customers import CHANGED, CREATED, IN_USE, Purchase
from tests.databases import fetch_all
from tests.saboteur import FREEZE
from tests.system import migrate, running_system

ORDERS = int(os.environ.get("DRILL_ORDERS", "400"))
KILLS = int(os.environ.get("DRILL_KILLS", "20"))
SEED = int(os.environ.get("DRILL_SEED", random.randrange(10**6)))

LOCK_SECONDS = 2.0
# An open circuit keeps orders from the service that the drill is about: it is soon tried again.
BREAKER_SECONDS = 0.5
SETTINGS = {
    "IDEMPOTENCY_LOCK_SECONDS": str(LOCK_SECONDS),
    "USER_SERVICE_BREAKER_SECONDS": str(BREAKER_SECONDS),
}


@pytest.fixture
def postgres():
    with throw_away_folder() as folder, running_crashable_postgres(folder / "data") as server:
        yield server


@pytest.fixture
def gateway_config(tmp_path):
    """The gateway's own configuration, but for its circuit breakers."""
    text = (PROJECTS["gateway"].folder / "gateway.toml").read_text()
    changed = re.sub(
        r"^\[upstreams\..*\]$", rf"\g<0>\nbreaker_seconds = {BREAKER_SECONDS}", text, flags=re.MULTILINE
    )
    assert changed != text
    file = tmp_path / "gateway.toml"
    file.write_text(changed)
    return file


@pytest.fixture
def killable_system(postgres, gateway_config, data_dir, tmp_path):
    urls = postgres.create_databases(with_database())
    migrate(urls, data_dir)
    with running_system(urls, data_dir, tmp_path, GATEWAY_CONFIG=str(gateway_config), **SETTINGS) as system:
        yield system
        for service in system.services:
            service.kill()  # nothing is left to be ended politely


def test_fault_drill_loses_and_doubles_no_order(killable_system, postgres, capsys):
    with killable_system.gateway.client() as client:
        user = make_user(client)

    report = drill.run(
        killable_system,
        postgres,
        user["id"],
        seed=SEED,
        orders=ORDERS,
        kills=KILLS,
        lock_seconds=LOCK_SECONDS,
    )

    with capsys.disabled():
        print(f"\n{report}")  # noqa: T201 - what was done
    database = killable_system.database_urls["order"]
    rows = fetch_all(database, "SELECT id, product_name FROM orders_order")
    assert drill.find_faults(report, rows) == []
    assert fetch_all(database, "SELECT key FROM idempotency_idempotencykey WHERE status IS NULL") == []
    assert report.harms.total() - report.harms[FREEZE] == KILLS


def make_report(**overrides):
    purchase = Purchase("key", "Laptop", answer=b'{"id": 1}', order_id=1)
    return drill.Report(**{"seed": 1, "purchases": [purchase]} | overrides)


def test_drill_finds_no_fault_where_each_order_is_stored_once():
    assert drill.find_faults(make_report(), [(1, "Laptop")]) == []


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([], "lost"),
        ([(2, "Laptop")], "lost"),
        ([(1, "Laptop"), (2, "Laptop")], "stored 2 times"),
        ([(1, "Laptop"), (2, "Phone")], "nobody's order: Phone"),
    ],
)
def test_drill_finds_orders_that_are_lost_or_doubled(rows, fault):
    (found,) = drill.find_faults(make_report(), rows)

    assert found.startswith(fault)


def test_drill_finds_an_order_that_is_never_acknowledged():
    report = make_report(purchases=[Purchase("key", "Laptop")])

    (found,) = drill.find_faults(report, [(1, "Laptop")])

    assert found.startswith("never acknowledged")


@pytest.mark.parametrize(
    ("phase", "outcome"),
    [
        ("under_fire", "400 invalid"),
        ("under_fire", "500 internal_error"),
        ("under_fire", CHANGED),
        ("after_lock", IN_USE),
        ("once_more", CREATED),
        ("once_more", CHANGED),
    ],
)
def test_drill_finds_answers_that_no_kill_excuses(phase, outcome):
    report = make_report(**{phase: Counter([outcome])})

    assert len(drill.find_faults(report, [(1, "Laptop")])) == 1
