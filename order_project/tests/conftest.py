import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from rest_framework.test import APIClient
from werkzeug import Request, Response

from calls.circuit_breaker import CircuitBreaker
from orders.models import Order
from user_client import client
from user_client.cache import UserCache

KNOWN_USER = 7
CONTRACT = json.loads(Path(__file__).parents[2].joinpath("contracts/user_service.json").read_text())


@pytest.fixture
def api() -> APIClient:
    return APIClient()


@pytest.fixture(autouse=True)
def fresh_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reset the circuit breaker and the cache of users before each test."""
    monkeypatch.setattr(client, "breaker", CircuitBreaker(5, 2.0, counted=client._FAILURES))
    monkeypatch.setattr(client, "cache", UserCache())


@pytest.fixture
def user_service(httpserver: HTTPServer, settings: Any) -> HTTPServer:
    """An HTTP server in place of the user service. It follows the contract; its only user is 7."""
    settings.USER_SERVICE_URL = httpserver.url_for("").rstrip("/")

    def respond(request: Request) -> Response:
        target = request.full_path.rstrip("?")
        known = target.replace(f"/{KNOWN_USER}", "/{id}")
        given = "the user exists" if known != target or "?" in target else "no user exists"
        path = known if given == "the user exists" else "/users/{id}"
        (interaction,) = [
            one for one in CONTRACT["interactions"] if one["given"] == given and one["request"]["path"] == path
        ]
        expected = interaction["response"]
        body = json.dumps(expected["body"]).replace('"{id}"', str(KNOWN_USER))
        return Response(body, status=expected["status"], content_type=expected["content_type"])

    httpserver.expect_request(re.compile("/users.*")).respond_with_handler(respond)
    return httpserver


@pytest.fixture
def make_order(db: None) -> Callable[..., Order]:
    def make(**overrides: Any) -> Order:
        return Order.objects.create(**{"user_id": KNOWN_USER, "product_name": "Laptop"} | overrides)

    return make
