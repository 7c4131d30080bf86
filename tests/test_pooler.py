"""The system behind PgBouncer in transaction mode, with fewer connections to the server than it has threads."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from urllib.parse import urlsplit

import psycopg2
import pytest
import yaml
from psycopg2 import sql

from chassis.environment import database
from devservers.pgbouncer import PgBouncerMissingError, running_pgbouncer
from devservers.processes import wait_for
from devtools.projects import ROOT
from tests.api import make_order, make_user
from tests.databases import administer, fetch_all
from tests.event_worker import EventWorker
from tests.system import running_system

POOL = 2
CLIENTS = 5  # the concurrent calls to the user service of one process
NOTICE_SECONDS = 20.0


@pytest.fixture
def direct_urls(new_databases):
    with new_databases() as urls:
        yield urls


@pytest.fixture
def pool():
    """Runs PgBouncer in front of a server; yields the URL of the pooled database."""

    @contextmanager
    def pool(url):
        try:
            with running_pgbouncer(url, size=POOL) as pooled:
                yield pooled
        except PgBouncerMissingError as missing:
            if os.environ.get("REQUIRE_PGBOUNCER") == "1":
                pytest.fail(f"REQUIRE_PGBOUNCER=1, but {missing}")
            pytest.skip(str(missing))

    return pool


@pytest.fixture
def pooled_system(direct_urls, pool, data_dir, tmp_path):
    with ExitStack() as stack:
        pooled = {name: stack.enter_context(pool(url)) for name, url in direct_urls.items()}
        system = stack.enter_context(running_system(pooled, data_dir, tmp_path, DB_POOLER="true"))
        for service in (system.user, system.order):
            worker = EventWorker(service, tmp_path / f"{service.project.name}-worker.log")
            worker.start()
            stack.callback(worker.kill)
        yield system


@pytest.fixture
def role(direct_urls):
    """The URL of the user database for the role of the Kubernetes component, with its limits."""
    documents = yaml.safe_load_all((ROOT / "deploy/kubernetes/components/cloudnative-pg/user.yaml").read_text())
    bootstrap = next(each["spec"]["bootstrap"]["initdb"] for each in documents if each["kind"] == "Cluster")
    name, url = bootstrap["owner"], urlsplit(direct_urls["user"])
    statements = [f"CREATE ROLE {name} LOGIN PASSWORD 'secret'", *bootstrap["postInitApplicationSQL"]]
    for statement in statements:
        administer(direct_urls["user"], sql.SQL(statement))
    yield url._replace(netloc=f"{name}:secret@{url.hostname}:{url.port}").geturl()
    administer(direct_urls["user"], sql.SQL(f"DROP ROLE {name}"))


def limits(url, **options):
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    with closing(psycopg2.connect(url, **options)) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(f'current_setting({name!r})' for name in names)}")
        return cursor.fetchone()


def test_role_sets_the_limits_behind_a_pooler_and_a_migration_its_own(role, pool):
    migration = limits(role, options=database("none")["OPTIONS"]["options"])
    with pool(role) as pooled:
        request = limits(pooled, options="-c statement_timeout=1h")  # ignored by the pooler

    assert request == ("10s", "3s", "20s")
    assert migration == ("0", "3s", "20s")


def test_services_and_workers_share_pooled_connections(pooled_system, direct_urls):
    with pooled_system.gateway.client() as client:
        user = make_user(client)

        def use_everything(number):
            with pooled_system.gateway.client() as own:
                key = {"Idempotency-Key": f"key-{number}"}
                body = {"user_id": user["id"], "product_name": f"Laptop {number}"}
                first = own.post("/orders", json=body, headers=key)
                assert first.status_code == 201, first.text
                again = own.post("/orders", json=body, headers=key)
                own.post(f"/orders/{first.json()['id']}/fulfil")
                pages = [own.get("/orders?status=placed").status_code, own.get("/users?ordering=name").status_code]
                return first.status_code, again.content == first.content, pages

        with ThreadPoolExecutor(CLIENTS) as pool:
            outcomes = [*pool.map(use_everything, range(8 * CLIENTS))]
        found = client.get("/orders?search=laptop").json()["results"]
        sessions = {
            name: fetch_all(url, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")[0][0] - 1
            for name, url in direct_urls.items()
        }
        gone = make_order(client)
        client.delete(f"/users/{gone['user_id']}")

        assert outcomes == [(201, True, [200, 200])] * (8 * CLIENTS)
        assert len(found) == 8 * CLIENTS
        assert all(0 < number <= POOL for number in sessions.values()), sessions
        assert wait_for(lambda: client.get(f"/orders/{gone['id']}").json()["user_deleted_at"], seconds=NOTICE_SECONDS)
