import re
from collections.abc import Callable
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from rest_framework.test import APIClient
from werkzeug import Request, Response

from orders.models import Order

KNOWN_USER = 7


@pytest.fixture
def api() -> APIClient:
    return APIClient()


@pytest.fixture
def user_service(httpserver: HTTPServer, settings: Any) -> HTTPServer:
    """A real server in the user service's place, which knows the user 7; tests may make it lie."""
    settings.USER_SERVICE_URL = httpserver.url_for("").rstrip("/")

    def answer(request: Request) -> Response:
        if request.path == f"/users/{KNOWN_USER}":
            return Response(f'{{"id": {KNOWN_USER}}}', content_type="application/json")
        return Response("{}", status=404, content_type="application/problem+json")

    httpserver.expect_request(re.compile("/users/.*")).respond_with_handler(answer)
    return httpserver


@pytest.fixture
def make_order(db: None) -> Callable[..., Order]:
    def make(**overrides: Any) -> Order:
        return Order.objects.create(**{"user_id": KNOWN_USER, "product_name": "Laptop"} | overrides)

    return make
