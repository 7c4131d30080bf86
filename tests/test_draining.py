"""A stopping service completes the requests of established connections, and refuses new connections at once."""

import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from devservers.processes import send_to_group, wait_for
from tests import stand_in as behaviours
from tests.order_service import running_order_services
from tests.stand_in import running_stand_in
from tests.system import STOP_SECONDS

IN_FLIGHT_SECONDS = 3.0
PATIENT = {"USER_SERVICE_READ_TIMEOUT": "10", "USER_SERVICE_TOTAL_TIMEOUT": "10"}
CONNECTED = 5  # the concurrent calls to the user service; the bulkhead would reject a sixth


@pytest.fixture
def user_service():
    with running_stand_in() as stand_in:
        yield stand_in


@pytest.fixture
def service(user_service, database_urls, data_dir, tmp_path):
    with running_order_services(1, user_service.address, database_urls, data_dir, tmp_path, **PATIENT) as services:
        yield services[0]


@pytest.fixture
def background():
    with ThreadPoolExecutor(CONNECTED) as pool:
        yield pool


def place_order(service):
    with service.client() as client:
        return client.post("/orders", json={"user_id": 7, "product_name": "Laptop"})


def is_refused(service):
    try:
        with socket.create_connection((service.address.host, service.address.port), timeout=1):
            return False
    except ConnectionRefusedError:
        return True


def test_order_in_progress_completes_while_new_connections_are_refused(service, user_service, background):
    user_service.become(behaviours.respond_late)
    order = background.submit(place_order, service)
    assert wait_for(lambda: user_service.connections == 1, seconds=5)

    service.process.send_signal(signal.SIGTERM)
    assert wait_for(lambda: is_refused(service), seconds=1)
    time.sleep(IN_FLIGHT_SECONDS)
    assert not order.done()
    user_service.become(behaviours.confirm_every_user)

    assert order.result().status_code == 201
    assert wait_for(service.has_ended, seconds=STOP_SECONDS)


def test_orders_on_established_connections_complete(service, background):
    service.suspend()
    orders = [background.submit(place_order, service) for _ in range(CONNECTED)]
    time.sleep(1)  # until the kernel has accepted their connections and requests
    assert not any(order.done() for order in orders)

    send_to_group(
        service.process, signal.SIGTERM
    )  # to the workers as well, so that they accept no connection before they stop
    service.resume()

    assert [order.result().status_code for order in orders] == [201] * CONNECTED
    assert wait_for(service.has_ended, seconds=STOP_SECONDS)
