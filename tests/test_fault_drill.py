"""After kill -9 of any process at any moment, every acknowledged order is stored exactly once.

A short drill runs with the other tests; run a longer one by hand. The seed repeats the sequence of faults and orders,
but not the exact timing of the processes::

    DRILL_ORDERS=5000 DRILL_KILLS=300 DRILL_SEED=7 python3 manage_all.py test system -k fault_drill
"""

import os
import random
import re
from collections import Counter

import pytest

from devservers.folders import temporary_directory
from devtools.projects import PROJECTS
from tests import drill
from tests.api import make_user
from tests.crashable_postgres import running_crashable_postgres
from tests.customers import CHANGED, CREATED, IN_USE, Purchase
from tests.databases import fetch_all
from tests.fault_injection import FREEZE
from tests.system import running_system

ORDERS = int(os.environ.get("DRILL_ORDERS", "200"))
KILLS = int(os.environ.get("DRILL_KILLS", "10"))
SEED = int(os.environ.get("DRILL_SEED", random.randrange(10**6)))

LOCK_SECONDS = 2.0
# Short, because an open circuit keeps orders away from the service under test.
BREAKER_SECONDS = 0.5
SETTINGS = {
    "IDEMPOTENCY_LOCK_SECONDS": str(LOCK_SECONDS),
    "USER_SERVICE_BREAKER_SECONDS": str(BREAKER_SECONDS),
}


@pytest.fixture
def postgres():
    with temporary_directory() as folder, running_crashable_postgres(folder / "data") as server:
        yield server


@pytest.fixture
def gateway_config(tmp_path):
    """The configuration of the gateway, with other settings of the circuit breakers."""
    text = (PROJECTS["gateway"].folder / "gateway.toml").read_text()
    changed = re.sub(r"^\[upstreams\..*\]$", rf"\g<0>\nbreaker_seconds = {BREAKER_SECONDS}", text, flags=re.MULTILINE)
    assert changed != text
    file = tmp_path / "gateway.toml"
    file.write_text(changed)
    return file


@pytest.fixture
def killable_system(postgres, new_databases, gateway_config, data_dir, tmp_path):
    with new_databases() as migrated:
        urls = postgres.copy_databases(migrated)
    with running_system(urls, data_dir, tmp_path, GATEWAY_CONFIG=str(gateway_config), **SETTINGS) as system:
        yield system


def test_fault_drill_loses_and_duplicates_no_order(killable_system, postgres, capsys):
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
        print(f"\n{report}")  # noqa: T201 - report of the drill
    database = killable_system.database_urls["order"]
    rows = fetch_all(database, "SELECT id, product_name FROM orders_order")
    assert drill.find_violations(report, rows) == []
    assert fetch_all(database, "SELECT key FROM idempotency_idempotencykey WHERE status IS NULL") == []
    assert report.injected.total() - report.injected[FREEZE] == KILLS


def make_report(**overrides):
    purchase = Purchase("key", "Laptop", response_body=b'{"id": 1}', order_id=1)
    return drill.Report(**{"seed": 1, "purchases": [purchase]} | overrides)


def test_drill_reports_no_violation_if_each_order_is_stored_once():
    assert drill.find_violations(make_report(), [(1, "Laptop")]) == []


@pytest.mark.parametrize(
    ("rows", "violation"),
    [
        ([], "lost"),
        ([(2, "Laptop")], "lost"),
        ([(1, "Laptop"), (2, "Laptop")], "stored 2 times"),
        ([(1, "Laptop"), (2, "Phone")], "unexpected order: Phone"),
    ],
)
def test_drill_reports_lost_and_duplicate_orders(rows, violation):
    (found,) = drill.find_violations(make_report(), rows)

    assert found.startswith(violation)


def test_drill_reports_an_order_that_is_never_acknowledged():
    report = make_report(purchases=[Purchase("key", "Laptop")])

    (found,) = drill.find_violations(report, [(1, "Laptop")])

    assert found.startswith("never acknowledged")


@pytest.mark.parametrize(
    ("phase", "outcome"),
    [
        ("during_faults", "400 invalid"),
        ("during_faults", "500 internal_error"),
        ("during_faults", CHANGED),
        ("after_lock", IN_USE),
        ("final_retry", CREATED),
        ("final_retry", CHANGED),
    ],
)
def test_drill_reports_unexpected_responses(phase, outcome):
    report = make_report(**{phase: Counter([outcome])})

    assert len(drill.find_violations(report, [(1, "Laptop")])) == 1
