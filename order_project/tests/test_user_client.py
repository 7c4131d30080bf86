"""The client against a real server that stalls, resets and lies."""

import socket
import threading
import time

import pytest
import requests
from werkzeug import Response

from chassis.request_id import HEADER
from orders.user_client import UserServiceUnavailable, user_exists
from tests.conftest import KNOWN_USER


def test_yes_and_no(user_service):
    assert user_exists(KNOWN_USER) is True
    assert user_exists(8) is False


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
        (404, "<h1>No such page</h1>", "text/html"),
    ],
)
def test_any_other_answer_is_neither_yes_nor_no(httpserver, settings, status, body, content_type):
    settings.USER_SERVICE_URL = httpserver.url_for("").rstrip("/")
    httpserver.expect_request("/users/7").respond_with_response(
        Response(body, status=status, content_type=content_type, headers={"Location": "/users/7"})
    )

    with pytest.raises(UserServiceUnavailable):
        user_exists(7)

    assert len(httpserver.log) == 1  # a redirect is not followed


def test_nobody_listens(settings, unused_port):
    settings.USER_SERVICE_URL = f"http://127.0.0.1:{unused_port}"

    with pytest.raises(UserServiceUnavailable):
        user_exists(7)


def test_server_that_never_answers_is_given_up_within_the_timeout(settings, silent_server):
    settings.USER_SERVICE_URL = silent_server
    settings.USER_SERVICE_READ_TIMEOUT = 0.2
    started = time.monotonic()

    with pytest.raises(UserServiceUnavailable):
        user_exists(7)

    assert 0.2 <= time.monotonic() - started < 2


def test_reset_connection(settings, resetting_server):
    settings.USER_SERVICE_URL = resetting_server

    with pytest.raises(UserServiceUnavailable):
        user_exists(7)


def test_connection_is_kept_and_the_request_id_passed_on(api, db, user_service):
    for number in range(3):
        order = {"user_id": KNOWN_USER, "product_name": "Laptop"}
        api.post("/orders", order, format="json", headers={"x-request-id": f"id-{number}"})

    asked = [request for request, _ in user_service.log]
    assert [request.headers[HEADER] for request in asked] == ["id-0", "id-1", "id-2"]


def test_threads_do_not_share_a_session(user_service, monkeypatch):
    sessions = []
    send = requests.Session.send

    def note_and_send(session, *args, **kwargs):
        sessions.append(session)
        return send(session, *args, **kwargs)

    monkeypatch.setattr(requests.Session, "send", note_and_send)

    threads = [threading.Thread(target=user_exists, args=[KNOWN_USER]) for _ in range(2)]
    for thread in threads:
        thread.start()
        thread.join()

    assert sessions[0] is not sessions[1]


def test_proxies_of_the_environment_are_ignored(user_service, monkeypatch, unused_port):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{unused_port}")
    monkeypatch.setenv("NO_PROXY", "")

    assert user_exists(KNOWN_USER) is True


@pytest.mark.django_db
def test_outage_is_a_503_that_says_so_and_stores_nothing(api, settings, unused_port):
    settings.USER_SERVICE_URL = f"http://127.0.0.1:{unused_port}"

    answer = api.post("/orders", {"user_id": 7, "product_name": "Laptop"}, format="json")

    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    assert answer["Retry-After"] == "2"
    assert answer.json()["type"] == "urn:problem:user_service_unavailable"
    assert "errors" not in answer.json()
    assert api.get("/orders").json()["results"] == []


@pytest.fixture
def unused_port():
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]  # bound and not listening: connections are refused


@pytest.fixture
def silent_server():
    """Accepts connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def resetting_server():
    """Reads a request and resets its connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def reset():
            connection, _ = server.accept()
            connection.recv(1024)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()

        thread = threading.Thread(target=reset)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join(5)
