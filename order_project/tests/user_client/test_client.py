"""The client of the user service, against a real server that stalls, resets and sends wrong responses."""

import contextlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import requests
from werkzeug import Response

from calls.bulkhead import Bulkhead
from calls.circuit_breaker import CircuitBreaker
from observability.request_id import HEADER
from tests.conftest import KNOWN_USER
from user_client import UserServiceUnavailable, client, find_user, find_user_ids, transport


def test_known_and_unknown_users(user_service):
    assert find_user(KNOWN_USER) is not None
    assert find_user(8) is None


@pytest.mark.parametrize("body", ["{}", '{"type": "about:blank"}', '{"type": "urn:problem:not_found"}'])
def test_own_404_is_no_user(httpserver, settings, body):
    settings.USER_SERVICE_URL = httpserver.url_for("").rstrip("/")
    httpserver.expect_request("/users/7").respond_with_data(body, 404, content_type="application/problem+json")

    assert find_user(7) is None


@pytest.mark.parametrize(
    ("status", "body", "content_type"),
    [
        (500, "", "text/plain"),
        (503, "{}", "application/problem+json"),
        (301, "", "text/plain"),
        (200, "garbage", "application/json"),
        (200, "[]", "application/json"),
        (200, "null", "application/json"),
        (200, "{}", "application/json"),
        (200, '{"id": 8}', "application/json"),
        (200, '{"id": 7.0}', "application/json"),
        (202, '{"id": 7}', "application/json"),
        (200, '{"id": 7, "is_active": "yes"}', "application/json"),
        (200, '{"id": 7', "application/json"),
        (404, "<h1>No such page</h1>", "text/html"),
        (404, '{"type": "urn:problem:no_route"}', "application/problem+json"),
        (404, "garbage", "application/problem+json"),
        (200, "[" * 100_000, "application/json"),
    ],
)
def test_any_other_response_is_unavailable(httpserver, settings, status, body, content_type):
    settings.USER_SERVICE_URL = httpserver.url_for("").rstrip("/")
    httpserver.expect_request("/users/7").respond_with_response(
        Response(body, status=status, content_type=content_type, headers={"Location": "/users/7"})
    )

    with pytest.raises(UserServiceUnavailable):
        find_user(7)

    assert len(httpserver.log) == (2 if status == 503 else 1)  # redirects are not followed; outages are retried


def test_refused_connection_is_unavailable(settings, unused_port):
    settings.USER_SERVICE_URL = f"http://127.0.0.1:{unused_port}"

    with pytest.raises(UserServiceUnavailable):
        find_user(7)


@pytest.mark.timing
@pytest.mark.parametrize("behaviour", ["silent", "dripping_head", "dripping_body"])
def test_endless_response_is_aborted_at_the_total_timeout(settings, serve, behaviour):
    settings.USER_SERVICE_URL = serve(behaviour)
    settings.USER_SERVICE_READ_TIMEOUT = 0.3
    settings.USER_SERVICE_TOTAL_TIMEOUT = 0.5
    started = time.monotonic()

    with pytest.raises(UserServiceUnavailable):
        find_user(7)

    assert 0.3 <= time.monotonic() - started < 1.5


@pytest.mark.timing
@pytest.mark.parametrize(("orders_go_on", "least", "most"), [(True, 0.3, 1.5), (False, 2.0, 4.0)])
def test_trial_of_a_silent_service_is_short_while_orders_go_on(
    settings, serve, monkeypatch, orders_go_on, least, most
):
    settings.USER_SERVICE_URL = serve("silent")
    settings.USER_SERVICE_READ_TIMEOUT = settings.USER_SERVICE_TOTAL_TIMEOUT = 2.0
    settings.ORDERS_DURING_OUTAGE = orders_go_on
    breaker = CircuitBreaker(1, 0.0, counted=client._FAILURES)  # half-open after each failure
    monkeypatch.setattr(client, "breaker", breaker)
    with pytest.raises(ValueError, match="failed"), breaker.guard():
        raise ValueError("failed")
    started = time.monotonic()

    with pytest.raises(UserServiceUnavailable):
        find_user(7)

    assert least <= time.monotonic() - started < most


def test_reset_connection_is_retried_once(settings, serve):
    settings.USER_SERVICE_URL = serve("reset")
    retries = transport.RETRIES._value.get()

    with pytest.raises(UserServiceUnavailable):
        find_user(7)

    assert transport.RETRIES._value.get() == retries + 1


@pytest.mark.parametrize(
    ("body", "is_active"), [({}, True), ({"is_active": True}, True), ({"is_active": False}, False)]
)
def test_whether_a_user_is_active_is_read_from_the_response(httpserver, settings, body, is_active):
    settings.USER_SERVICE_URL = httpserver.url_for("").rstrip("/")
    httpserver.expect_request("/users/7").respond_with_json({"id": 7, **body})

    assert find_user(7).is_active is is_active


def test_response_to_the_retry_is_used(httpserver, settings):
    settings.USER_SERVICE_URL = httpserver.url_for("").rstrip("/")
    httpserver.expect_ordered_request("/users/7").respond_with_data("", status=502)
    httpserver.expect_ordered_request("/users/7").respond_with_json({"id": 7})

    assert find_user(7) is not None


def test_request_id_is_forwarded(api, db, user_service):
    for number in range(3):
        order = {"user_id": KNOWN_USER, "product_name": "Laptop"}
        api.post("/orders", order, format="json", headers={"x-request-id": f"id-{number}"})

    sent = [request for request, _ in user_service.log]
    assert [request.headers[HEADER] for request in sent] == ["id-0", "id-1", "id-2"]


def test_connection_is_reused(settings, serve, accepted):
    settings.USER_SERVICE_URL = serve("keep_alive")

    for _ in range(3):
        find_user(7)

    assert len(accepted) == 1


def test_trace_context_is_forwarded(api, db, user_service):
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    api.post("/orders", {"user_id": 8, "product_name": "Laptop"}, format="json", headers={"traceparent": trace})

    ((request, _),) = user_service.log
    assert request.headers["traceparent"] == trace


def test_threads_do_not_share_a_session(user_service, monkeypatch):
    sessions = []
    send = requests.Session.send

    def note_and_send(session, *args, **kwargs):
        sessions.append(session)
        return send(session, *args, **kwargs)

    monkeypatch.setattr(requests.Session, "send", note_and_send)

    threads = [threading.Thread(target=find_user, args=[KNOWN_USER]) for _ in range(2)]
    for thread in threads:
        thread.start()
        thread.join()

    assert sessions[0] is not sessions[1]


def test_proxies_of_the_environment_are_ignored(user_service, monkeypatch, unused_port):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{unused_port}")
    monkeypatch.setenv("NO_PROXY", "")

    assert find_user(KNOWN_USER) is not None


@pytest.mark.django_db
def test_outage_is_a_503_and_stores_no_order(api, settings, unused_port):
    settings.USER_SERVICE_URL = f"http://127.0.0.1:{unused_port}"

    response = api.post("/orders", {"user_id": 7, "product_name": "Laptop"}, format="json")

    assert (response.status_code, response["Content-Type"]) == (503, "application/problem+json")
    assert response["Retry-After"] == "1"
    assert response.json()["type"] == "urn:problem:user_service_unavailable"
    assert "errors" not in response.json()
    assert api.get("/orders").json()["results"] == []


@pytest.fixture
def unused_port():
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]  # bound but not listening, so that connections are refused


@pytest.fixture
def accepted():
    """The connections accepted by ``serve``."""
    return []


@pytest.fixture
def serve(accepted):
    """Serve with the given behaviour on a real socket; return the URL."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as pool:

        def run(behaviour):
            server.settimeout(0.05)
            while not stop.is_set():
                with contextlib.suppress(TimeoutError, OSError):
                    connection, _ = server.accept()
                    accepted.append(connection)
                    with connection:
                        connection.recv(1024)
                        BEHAVIOURS[behaviour](connection, stop)

        def start(behaviour):
            pool.submit(run, behaviour)
            return f"http://127.0.0.1:{server.getsockname()[1]}"

        yield start
        stop.set()


def _keep_alive(connection, stop):
    connection.settimeout(0.05)
    received = True
    while received and not stop.is_set():
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"id": 7}')
        while received and not stop.is_set():
            with contextlib.suppress(TimeoutError):
                received = connection.recv(1024)
                break


def _stall(connection, stop):
    stop.wait(5)


def _drip(text, connection, stop):
    for byte in text:
        connection.send(bytes([byte]))
        if stop.wait(0.1):
            return


def _drip_body(connection, stop):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n")
    _drip(b'{"id": 7}'.ljust(100), connection, stop)


def _reset(connection, stop):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


BEHAVIOURS = {
    "keep_alive": _keep_alive,
    "silent": _stall,
    "dripping_head": partial(_drip, b"HTTP/1.1 200 OK\r\nX-Filler: " + b"x" * 100),
    "dripping_body": _drip_body,
    "reset": _reset,
}


def test_open_circuit_rejects_at_once_and_closes_after_recovery(api, db, httpserver, settings, monkeypatch):
    settings.USER_SERVICE_URL = httpserver.url_for("").rstrip("/")
    now = [0.0]
    monkeypatch.setattr(client, "breaker", CircuitBreaker(2, 5.0, counted=client._FAILURES, clock=lambda: now[0]))
    httpserver.expect_request("/users/7").respond_with_data("", status=500)
    order = {"user_id": 7, "product_name": "Laptop"}
    for _ in range(2):
        api.post("/orders", order, format="json")
    sent = len(httpserver.log)
    now[0] = 1.5

    refused = api.post("/orders", order, format="json")
    httpserver.clear_all_handlers()
    httpserver.expect_request("/users/7").respond_with_json({"id": 7})
    now[0] = 5.0
    placed = api.post("/orders", order, format="json")

    assert (refused.status_code, refused["Retry-After"]) == (503, "4")
    assert len(httpserver.log) == sent + 1
    assert placed.status_code == 201


def test_full_bulkhead_does_not_wait_for_a_stalled_service(settings, serve, monkeypatch):
    settings.USER_SERVICE_URL = serve("silent")
    bulkhead = Bulkhead(1)
    monkeypatch.setattr(client, "_bulkhead", bulkhead)
    settings.USER_SERVICE_READ_TIMEOUT = settings.USER_SERVICE_TOTAL_TIMEOUT = 1.0
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(find_user, 7)
        while bulkhead._free.acquire(blocking=False):  # until the other thread has acquired the slot
            bulkhead._free.release()

        with pytest.raises(UserServiceUnavailable):
            find_user(7)

        assert not waiting.done()
        assert isinstance(waiting.exception(), UserServiceUnavailable)


def test_ids_of_the_first_users(user_service):
    assert find_user_ids() == [KNOWN_USER]
