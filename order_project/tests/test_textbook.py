"""Idioms of REST framework's documentation work in a copy of the order service.

Each case runs under the test client and under gunicorn, with and without speedups, with ``ATOMIC_REQUESTS``.
"""

from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from conformance.modes import MODES, serving
from idempotency.models import IdempotencyKey
from orders.models import Order
from tests.textbook.cases import CASES, MINE, OTHER

PROJECT = Path(__file__).parents[1]
LAPTOP = {"user_id": 7, "product_name": "Laptop"}


@pytest.fixture(scope="module", params=MODES)
def served(request, django_db_setup, make_httpserver, tmp_path_factory):
    """The copied service of ``textbook``, served in each mode of ``conformance``."""
    environment = {
        "DATABASE_URL": "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict),
        "DJANGO_SETTINGS_MODULE": "tests.textbook.settings",
        "SECRET_KEY": settings.SECRET_KEY,
        "USER_SERVICE_URL": make_httpserver.url_for("").rstrip("/"),
    }
    with serving(request.param, PROJECT, environment, tmp_path_factory.mktemp("copy")) as ask:
        yield ask


@pytest.fixture
def ask(served, user_service, django_db_blocker):
    """A client of the copied service, with one order each of the users 7 and 8."""
    with django_db_blocker.unblock():
        Order.objects.create(pk=OTHER, user_id=8, product_name="Book")
        Order.objects.create(pk=MINE, user_id=7, product_name="Phone")
        yield served
        Order.objects.all().delete()
        IdempotencyKey.objects.all().delete()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.idiom)
def test_idiom(ask, case):
    case.check(ask)


@pytest.mark.parametrize("path", ["/keyed-orders", "/linked-orders", "/bulk-orders"])
def test_subclass_replays_its_own_response(ask, path):
    order = {"user_id": 7, "product": "Laptop"} if path == "/linked-orders" else LAPTOP
    body = [order, order] if path == "/bulk-orders" else order

    first = ask("POST", path, body, Idempotency_Key="same")
    again = ask("POST", path, body, Idempotency_Key="same")

    assert first.status == again.status == 201, first
    assert again.content == first.content
    assert again.headers.get("Location") == first.headers.get("Location")
    assert (first.headers.get("Idempotent-Replayed"), again.headers.get("Idempotent-Replayed")) == (
        None,
        "true",
    )
    assert Order.objects.filter(user_id=7).exclude(pk=MINE).count() == len(body if isinstance(body, list) else [body])


def test_data_of_the_response_can_be_read_and_changed_with_a_key(ask):
    without = ask("POST", "/notifying-orders", LAPTOP)
    first, again = (ask("POST", "/notifying-orders", LAPTOP, Idempotency_Key="noted") for _ in range(2))

    assert without.json.keys() == first.json.keys()
    assert first.json["note"] == f"Order {first.json['id']}"
    assert first.headers["X-Order"] == str(first.json["id"])
    assert (again.status, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/draft-orders/draft", {}),
        ("/draft-orders", {}),
        ("/draft-orders", {"Idempotency_Key": "k"}),
    ],
)
def test_failed_request_keeps_no_row(ask, path, headers):
    failed = ask("POST", path, LAPTOP, **headers)

    assert failed.status == 500, failed
    assert not Order.objects.exclude(pk__in=[MINE, OTHER]).exists()


def test_circuit_and_outage_are_a_503_in_a_permission(ask, user_service):
    user_service.clear()
    user_service.expect_request("/users/7").respond_with_data("down", status=500)

    refused = ask("GET", "/checked-orders/whoami", X_User="7")

    assert (refused.status, refused.json["type"]) == (503, "urn:problem:user_service_unavailable")
    assert int(refused.headers["Retry-After"]) >= 1
