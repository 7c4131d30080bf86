"""The deadline and the headers of calls between services."""

import math
import socket
import threading
import time

import pytest
import requests
from django.http import HttpResponse

from calls.deadline import Deadline, DeadlineAdapter, deadline
from calls.headers import outgoing_headers
from chassis import service_token
from identity.internal import HEADER as IDENTITY
from identity.internal import verify
from observability.request_id import HEADER as REQUEST_ID
from observability.request_id import RequestIdMiddleware

RESPONSE = b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"id": 7}  '


@pytest.fixture
def slow_server():
    """A server that sends one byte every 0.1 s."""
    stop = threading.Event()

    def drip(listener):
        listener.settimeout(5)
        connection, _ = listener.accept()
        with connection:
            connection.recv(1024)
            for byte in RESPONSE:
                if stop.wait(0.1):
                    return
                connection.send(bytes([byte]))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=[listener])
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        stop.set()
        thread.join()


@pytest.fixture
def session():
    with requests.Session() as session:
        session.mount("http://", DeadlineAdapter())
        yield session
    deadline.at = math.inf


def test_slow_response_ends_at_the_deadline(slow_server, session):
    deadline.at = time.monotonic() + 0.5

    with pytest.raises(requests.RequestException):
        session.get(slow_server, timeout=(5, 5))

    assert deadline.at <= time.monotonic() < deadline.at + 2  # the whole response takes five seconds


def test_each_thread_has_its_own_deadline():
    shared, seen = Deadline(), []
    shared.at = time.monotonic() - 1

    thread = threading.Thread(target=lambda: seen.append(shared.remaining()))
    thread.start()
    thread.join()

    assert seen == [math.inf]
    with pytest.raises(TimeoutError):
        shared.remaining()


def test_headers_carry_request_id_service_token_and_identity(settings, rf):
    settings.AUTH, settings.SERVICE_NAME, settings.SERVICE_TOKENS = True, "order", ["a-token", "an-older-one"]
    seen = {}

    def view(request):
        seen.update(outgoing_headers("user", reads="users"))
        return HttpResponse()

    RequestIdMiddleware(view)(rf.get("/", headers={REQUEST_ID: "id-1"}))

    assert (seen[REQUEST_ID], seen[service_token.HEADER]) == ("id-1", "a-token")
    assert verify(seen[IDENTITY], audience="user", service_tokens=["a-token"]).scopes == {"users:read"}
    assert outgoing_headers("user", reads="users").keys() == {service_token.HEADER, IDENTITY}
