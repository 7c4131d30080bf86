"""A worker that is suspended while its claim is taken over places no second order when it resumes."""

import threading
import time
import uuid
from contextlib import closing, contextmanager

import psycopg2
import pytest

from devservers.processes import wait_for
from tests import stand_in as behaviours
from tests.api import TIMEOUT_SECONDS
from tests.databases import fetch_all
from tests.order_service import running_order_services
from tests.stand_in import running_stand_in

LOCK_SECONDS = 1.0
SETTINGS = {
    "IDEMPOTENCY_LOCK_SECONDS": str(LOCK_SECONDS),
    "USER_SERVICE_READ_TIMEOUT": "20",  # the call of the suspended worker must not time out
    "USER_SERVICE_TOTAL_TIMEOUT": "20",
}
LOCK_TIMEOUT = 3.0  # PostgreSQL's lock_timeout, in seconds
OVERHEAD = 5.0  # the rest of a request on a busy machine; statement_timeout would cancel it after ten seconds
BARRIER = 4711  # id of an advisory lock
PATIENCE = 10.0  # seconds; enough for a busy machine


class Request:
    """An order with a key, sent in a thread."""

    def __init__(self, service, key, product_name):
        self.response = None
        self._service, self._key, self._product_name = service, key, product_name
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def result(self):
        self._thread.join(TIMEOUT_SECONDS)
        return self.response

    def _send(self):
        self.response = place(self._service, self._key, self._product_name)


def place(service, key, product_name):
    with service.client() as client:
        body = {"user_id": 7, "product_name": product_name}
        return client.post("/orders", json=body, headers={"Idempotency-Key": key})


@pytest.fixture(scope="module")
def user_service():
    with running_stand_in() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def services(user_service, database_urls, data_dir, tmp_path_factory):
    log_dir = tmp_path_factory.mktemp("log")
    with running_order_services(2, user_service.address, database_urls, data_dir, log_dir, **SETTINGS) as services:
        yield services


@pytest.fixture
def key():
    return f"key-{uuid.uuid4()}"


@pytest.fixture
def product_name():
    return f"Laptop {uuid.uuid4()}"


@contextmanager
def suspended(service):
    service.suspend()
    try:
        yield
    finally:
        service.resume()


@contextmanager
def barrier(database_url, table, event, condition):
    """Block statements on matching rows of a table at their end, until the yielded function is called."""
    name = f"wait_{uuid.uuid4().hex}"
    with closing(psycopg2.connect(database_url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(f"SELECT pg_advisory_lock({BARRIER})")
        cursor.execute(
            f"""
            CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$ BEGIN
                PERFORM pg_advisory_lock_shared({BARRIER}), pg_advisory_unlock_shared({BARRIER});
                RETURN NULL;
            END $$;
            CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION {name}();
            """
        )
        try:
            yield lambda: cursor.execute("SELECT pg_advisory_unlock_all()")
        finally:
            cursor.execute("SELECT pg_advisory_unlock_all()")
            cursor.execute(f"DROP TRIGGER {name} ON {table}; DROP FUNCTION {name}()")


def is_waiting_at_the_barrier(database_url):
    query = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted"
    return fetch_all(database_url, query, BARRIER) != []


def is_in_a_transaction(database_url):
    query = """
        SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'
    """
    return fetch_all(database_url, query) != []


def order_ids(database_urls, product_name):
    query = "SELECT id FROM orders_order WHERE product_name = %s"
    return [row[0] for row in fetch_all(database_urls["order"], query, product_name)]


def place_until_created(service, key, product_name):
    """Retry an order while its key is in use."""
    responses = []

    def is_settled():
        responses.append(place(service, key, product_name))
        return responses[-1].status_code != 409

    assert wait_for(is_settled, seconds=10, pause_seconds=0.1)
    return responses[-1]


def assert_only_the_second_was_placed(first, second, services, key, product_name, database_urls):
    assert (second.status_code, "Idempotent-Replayed" in second.headers) == (201, False)
    assert (first.status_code, first.headers["Retry-After"]) == (409, "1")
    assert first.json()["type"] == "urn:problem:idempotency_key_in_use"
    assert order_ids(database_urls, product_name) == [second.json()["id"]]
    for service in services:
        replay = place(service, key, product_name)
        assert (replay.status_code, replay.content) == (201, second.content)
        assert replay.headers["Idempotent-Replayed"] == "true"


def test_worker_suspended_during_the_call_to_the_user_service_cannot_commit(
    services, user_service, database_urls, key, product_name
):
    sleeper, other = services
    user_service.become(behaviours.respond_late)
    calls_before = user_service.connections
    first = Request(sleeper, key, product_name)
    assert wait_for(lambda: user_service.connections > calls_before, seconds=PATIENCE)

    with suspended(sleeper):
        user_service.become(behaviours.confirm_every_user)
        second = place_until_created(other, key, product_name)

    assert_only_the_second_was_placed(first.result(), second, services, key, product_name, database_urls)


def test_worker_suspended_after_the_insert_of_the_order_cannot_commit(services, database_urls, key, product_name):
    sleeper, other = services
    condition = f"NEW.product_name = '{product_name}'"
    with barrier(database_urls["order"], "orders_order", "INSERT", condition) as opening:
        first = Request(sleeper, key, product_name)
        assert wait_for(lambda: is_waiting_at_the_barrier(database_urls["order"]), seconds=PATIENCE)

        with suspended(sleeper):
            opening()
            assert wait_for(lambda: is_in_a_transaction(database_urls["order"]), seconds=PATIENCE)
            second = place_until_created(other, key, product_name)

    assert_only_the_second_was_placed(first.result(), second, services, key, product_name, database_urls)


def test_key_of_a_worker_suspended_before_its_commit_gives_503_in_time(services, database_urls, key, product_name):
    sleeper, other = services
    table, condition = "idempotency_idempotencykey", f"NEW.key = '{key}' AND NEW.status IS NOT NULL"
    with barrier(database_urls["order"], table, "UPDATE", condition) as opening:
        first = Request(sleeper, key, product_name)
        assert wait_for(lambda: is_waiting_at_the_barrier(database_urls["order"]), seconds=PATIENCE)

        with suspended(sleeper):
            opening()
            assert wait_for(lambda: is_in_a_transaction(database_urls["order"]), seconds=PATIENCE)
            time.sleep(LOCK_SECONDS)
            started = time.monotonic()
            refused = place(other, key, product_name)
            seconds = time.monotonic() - started
        first.result()  # first, because dropping the trigger waits for this transaction

    replay = place(other, key, product_name)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert seconds < LOCK_TIMEOUT + OVERHEAD
    assert first.result().status_code == replay.status_code == 201
    assert replay.content == first.result().content
    assert order_ids(database_urls, product_name) == [replay.json()["id"]]
