import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test.utils import override_settings, setup_databases, teardown_databases
from pytest_httpserver import HTTPServer
from rest_framework.test import APIClient
from werkzeug import Request, Response

from calls.circuit_breaker import CircuitBreaker
from orders.models import Order
from user_client import client
from user_client.cache import UserCache

KNOWN_USER = 7
CONTRACT = json.loads(Path(__file__).parents[2].joinpath("contracts/user_service.json").read_text())


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker):
    """Create the test database for any selection of tests: some tests use it without pytest-django's fixtures."""
    with django_db_blocker.unblock():
        databases = setup_databases(verbosity=0, interactive=False)
    yield
    with django_db_blocker.unblock():
        teardown_databases(databases, verbosity=0)


@pytest.fixture(scope="session", autouse=True)
def fast_settings(django_test_environment):
    """Use a fast password hasher, and find static files on request instead of at startup.

    Django's default hasher takes 0.25 s per password, WhiteNoise's scan of static files 20 ms per test client.
    """
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(PASSWORD_HASHERS=hashers, WHITENOISE_AUTOREFRESH=True):
        yield


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
