"""During an outage of the user service, orders get a 503 in time, never "unknown user"."""

import time

import pytest
from playwright.sync_api import expect

from devservers.processes import wait_for
from tests.api import make_order, make_user, new_email
from tests.browser import new_page
from tests.databases import fetch_all
from tests.system import running_another
from tests.traffic import incoming_orders

PROBLEM_JSON = "application/problem+json"

# Seconds.
TOTAL_TIMEOUT = 2.0
OVERHEAD = 5.0  # the rest of a request on a busy machine; the gateway times out after ten seconds

TIMEOUTS = {
    "USER_SERVICE_CONNECT_TIMEOUT": "0.5",
    "USER_SERVICE_READ_TIMEOUT": "1.0",
    "USER_SERVICE_TOTAL_TIMEOUT": str(TOTAL_TIMEOUT),
    "USER_SERVICE_BREAKER_SECONDS": "1.0",
    "WEB_CONCURRENCY": "1",  # so that all requests share one circuit breaker
}

RECOVERY_SECONDS = 20.0
PAUSE_SECONDS = 0.2  # between two orders that wait for the end of an outage

# Calls outlast the test and the circuit stays closed, so that threads in a call stay occupied.
PATIENT_SECONDS = 9.0
PATIENT = {
    "USER_SERVICE_READ_TIMEOUT": str(PATIENT_SECONDS),
    "USER_SERVICE_TOTAL_TIMEOUT": str(PATIENT_SECONDS),
    "USER_SERVICE_BREAKER_FAILURES": "1000",
    "WEB_CONCURRENCY": "2",
}
MORE_CLIENTS_THAN_THREADS = 12
PILE_UP_SECONDS = 1.0  # until the order of every client waits or is rejected


@pytest.fixture(scope="module")
def breakable_system(run_system_of_module):
    with run_system_of_module(**TIMEOUTS) as system:
        yield system


@pytest.fixture
def own_system(breakable_system):
    """A system whose user service a test can stop; it is started again after the test."""
    yield breakable_system
    user_service = breakable_system.user
    user_service.resume()
    if user_service.has_ended():
        user_service.start()
    with breakable_system.gateway.client() as client:
        assert wait_for(lambda: places_an_order(client), seconds=RECOVERY_SECONDS, pause_seconds=PAUSE_SECONDS)


def places_an_order(client):
    """Return whether an order succeeds, which needs closed circuits in the gateway and the order service."""
    user = client.post("/users", json={"name": "John", "email": new_email()})
    if user.status_code != 201:
        return False
    order = client.post("/orders", json={"user_id": user.json()["id"], "product_name": "Laptop"})
    return order.status_code == 201


def assert_only_created_or_unavailable(traffic):
    """Check that every order got a 201, or a 503 problem with Retry-After, in time."""
    assert traffic.errors == []
    for one in traffic.responses:
        assert one.status in (201, 503), one.response.text
        assert one.seconds < TOTAL_TIMEOUT + OVERHEAD
        if one.status == 503:
            assert one.response.headers["Content-Type"] == PROBLEM_JSON
            assert int(one.response.headers["Retry-After"]) > 0
            assert one.response.json()["type"] == "urn:problem:user_service_unavailable"


def assert_created_orders_are_stored(system, traffic):
    """Check that the database has exactly the acknowledged orders, each once."""
    created = [one.response.json() for one in traffic.responses if one.status == 201]
    query = "SELECT id FROM orders_order WHERE user_id = %s ORDER BY id"
    rows = fetch_all(system.database_urls["order"], query, created[0]["user_id"])
    assert sorted(order["id"] for order in created) == [row[0] for row in rows]


def test_portal_follows_the_state_without_a_reload(chromium, own_system):
    with new_page(chromium, own_system.gateway.url) as page:
        page.goto("/")
        expect(page.locator("#summary")).to_have_text("All services are up.")

        own_system.user.stop()

        expect(page.locator("#summary")).to_have_text("Down: user.")
        expect(page.locator("article.down .since")).to_contain_text("Down since")


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_orders_get_503_while_the_user_service_is_down_and_succeed_afterwards(own_system, end):
    with own_system.gateway.client() as client:
        user = make_user(client)

    with incoming_orders(own_system.gateway, user_id=user["id"]) as traffic:
        traffic.wait_for_responses(201)
        getattr(own_system.user, end)()
        traffic.wait_for_responses(503)
        own_system.user.start()
        traffic.wait_for_responses(201)

    assert_only_created_or_unavailable(traffic)
    assert_created_orders_are_stored(own_system, traffic)


def test_orders_get_503_in_time_while_the_user_service_is_frozen(own_system):
    with own_system.gateway.client() as client:
        user = make_user(client)

    with incoming_orders(own_system.gateway, user_id=user["id"]) as traffic:
        traffic.wait_for_responses(201)
        own_system.user.suspend()
        traffic.wait_for_responses(503, number=4)
        own_system.user.resume()
        traffic.wait_for_responses(201)

    assert_only_created_or_unavailable(traffic)
    assert_created_orders_are_stored(own_system, traffic)


@pytest.fixture
def patient_gateway(own_system, tmp_path):
    """A gateway in front of an order service that waits long for the user service."""
    with (
        running_another(own_system, "order", tmp_path, **PATIENT) as order,
        running_another(own_system, "gateway", tmp_path, ORDER_SERVICE_URL=order.url) as gateway,
    ):
        yield gateway


def test_orders_are_read_and_changed_while_calls_to_a_frozen_user_service_wait(own_system, patient_gateway):
    with patient_gateway.client() as client:
        order = make_order(client)
        clients = MORE_CLIENTS_THAN_THREADS
        with incoming_orders(patient_gateway, user_id=order["user_id"], clients=clients) as traffic:
            traffic.wait_for_responses(201)
            own_system.user.suspend()
            time.sleep(PILE_UP_SECONDS)
            started = time.monotonic()

            read = client.get(f"/orders/{order['id']}")
            changed = client.patch(f"/orders/{order['id']}", json={"quantity": 2})

            seconds = time.monotonic() - started
            own_system.user.resume()

    assert (read.status_code, read.json()) == (200, order)
    assert (changed.status_code, changed.json()["quantity"]) == (200, 2)
    assert seconds < PATIENT_SECONDS / 2


def test_requests_get_503_from_the_gateway_or_orders_and_are_served_afterwards(own_system):
    body = {"user_id": 987654321, "product_name": "Laptop"}
    with own_system.gateway.client() as client:
        user = make_user(client)
        own_system.user.stop()

        away = client.get(f"/users/{user['id']}")
        orders = client.get("/orders?page_size=1")
        of_an_unknown_user = client.post("/orders", json=body)
        own_system.user.start()

        assert away.status_code == 503
        assert away.headers["Content-Type"] == PROBLEM_JSON
        assert int(away.headers["Retry-After"]) > 0
        assert orders.status_code == 200
        assert of_an_unknown_user.status_code == 503
        refused = first_unless_503(lambda: client.post("/orders", json=body))
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["code"] == "unknown_user"
        assert first_unless_503(lambda: client.get(f"/users/{user['id']}")).status_code == 200


def first_unless_503(send):
    """Send until the response is no 503; return that one, or the last."""
    responses = []
    wait_for(
        lambda: responses.append(send()) or responses[-1].status_code != 503,
        seconds=RECOVERY_SECONDS,
        pause_seconds=PAUSE_SECONDS,
    )
    return responses[-1]
