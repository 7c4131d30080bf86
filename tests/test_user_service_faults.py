"""During any fault of the user service, orders get a 503 in time, never "unknown user"."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from devservers.processes import wait_for
from tests import stand_in as behaviours
from tests.order_service import running_order_services
from tests.stand_in import running_stand_in
from tests.traffic import incoming_orders

CONNECT_TIMEOUT = 0.5
READ_TIMEOUT = 0.8  # longer than the pauses of a dripping server, so that only the total timeout ends its responses
TOTAL_TIMEOUT = 1.0
OVERHEAD = 1.5  # the rest of a request on a busy machine
BREAKER_FAILURES = 3
BREAKER_SECONDS = 0.6

REFUSAL_SECONDS = 0.020  # limit for a rejection by the open circuit
BUSY_MACHINE = 5.0  # factor by which a busy machine may be slower

SETTINGS = {
    "USER_SERVICE_CONNECT_TIMEOUT": str(CONNECT_TIMEOUT),
    "USER_SERVICE_READ_TIMEOUT": str(READ_TIMEOUT),
    "USER_SERVICE_TOTAL_TIMEOUT": str(TOTAL_TIMEOUT),
    "USER_SERVICE_BREAKER_FAILURES": str(BREAKER_FAILURES),
    "USER_SERVICE_BREAKER_SECONDS": str(BREAKER_SECONDS),
}
LAPTOP = {"user_id": 7, "product_name": "Laptop"}

FAULTS = [
    behaviours.stall,
    behaviours.drip,
    behaviours.respond_500,
    behaviours.send_garbage,
    behaviours.respond_with_html,
    behaviours.respond_404_without_problem,
    behaviours.respond_with_another_user,
    behaviours.reset,
    "stopped",
]


@pytest.fixture(scope="module")
def user_service():
    with running_stand_in() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def run_order_service(user_service, database_urls, data_dir, tmp_path_factory):
    """Runs an order service with one process, which calls the stand-in."""

    def run(**variables):
        log_dir = tmp_path_factory.mktemp("log")
        return running_order_services(1, user_service.address, database_urls, data_dir, log_dir, **variables)

    return run


@pytest.fixture(scope="module")
def order_service(run_order_service):
    with run_order_service(**SETTINGS) as (service,):
        yield service


def place(service):
    """Place an order on its own connection; return the response and its seconds."""
    with service.client() as client:
        client.get("/health/live")  # opens the connection
        started = time.monotonic()
        response = client.post("/orders", json=LAPTOP)
        return response, time.monotonic() - started


def begin(fault, user_service):
    if fault == "stopped":
        user_service.stop()
    else:
        user_service.become(fault)


def recover(fault, user_service):
    user_service.become(behaviours.confirm_every_user)
    if fault == "stopped":
        user_service.start()


def assert_is_unavailable(response):
    assert response.status_code == 503, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    assert int(response.headers["Retry-After"]) > 0
    assert response.json()["type"] == "urn:problem:user_service_unavailable"


@pytest.mark.timing
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: getattr(fault, "__name__", fault))
def test_orders_get_503_in_time_then_at_once_until_the_circuit_closes(user_service, order_service, fault):
    assert place(order_service)[0].status_code == 201

    begin(fault, user_service)
    with ThreadPoolExecutor(BREAKER_FAILURES) as pool:
        failed = list(pool.map(place, [order_service] * BREAKER_FAILURES))
    recover(fault, user_service)
    before = user_service.connections
    rejected = [place(order_service) for _ in range(5)]
    calls_while_open = user_service.connections - before
    has_recovered = wait_for(lambda: place(order_service)[0].status_code == 201, seconds=5, pause_seconds=0.1)

    for response, seconds in failed:
        assert_is_unavailable(response)
        assert seconds < TOTAL_TIMEOUT + OVERHEAD
    for response, _ in rejected:
        assert_is_unavailable(response)
    assert calls_while_open == 0
    quickest = min(seconds for _, seconds in rejected)
    slowest = max(seconds for _, seconds in failed)
    print(f"by timeout: {slowest:.2f} s; by the open circuit: {quickest * 1000:.1f} ms")  # noqa: T201 - measurements
    assert quickest < REFUSAL_SECONDS * BUSY_MACHINE
    assert has_recovered


def test_reads_are_served_while_orders_wait_for_a_stalled_user_service(user_service, run_order_service):
    never = str(10**6)
    with run_order_service(**SETTINGS | {"USER_SERVICE_BREAKER_FAILURES": never}) as (service,):
        order = place(service)[0].json()
        user_service.become(behaviours.stall)
        with incoming_orders(service, user_id=7) as traffic, service.client() as client:
            traffic.wait_for_responses(503, number=1)

            reads = []
            for path in ["/orders?page_size=1", f"/orders/{order['id']}"] * 10:
                started = time.monotonic()
                reads.append((client.get(path), time.monotonic() - started))

        user_service.become(behaviours.confirm_every_user)
    assert [response.status_code for response, _ in reads] == [200] * 20
    assert reads[1][0].json() == order
    slowest = max(seconds for _, seconds in reads)
    print(f"reads took {slowest:.3f} s at most")  # noqa: T201 - measurements
    assert slowest < TOTAL_TIMEOUT  # no read waited for a whole call
    assert traffic.errors == []
    assert {one.status for one in traffic.responses} == {503}
