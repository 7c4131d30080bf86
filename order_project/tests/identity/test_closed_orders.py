"""With ``AUTH=true`` orders belong to their users, and nobody is served who is not named by the gateway."""

import re
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.backends.db import SessionStore

from idempotency.models import IdempotencyKey
from identity.internal import HEADER, LIFETIME, verify
from orders.models import Order
from tests.identity.conftest import ADA, CLERK, EVE, TOKEN, identity

LAPTOP = {"user_id": 7, "product_name": "Laptop"}
BOOK = {"user_id": 8, "product_name": "Book"}


@pytest.fixture
def mine(closed):
    return Order.objects.create(**LAPTOP)


@pytest.fixture
def other(closed):
    return Order.objects.create(**BOOK)


def problem(response):
    return response.status, (response.json or {"type": "none"})["type"].removeprefix("urn:problem:")


def ids(response):
    assert response.status == 200, response
    return [order["id"] for order in response.json["results"]]


READER = replace(ADA, scopes=frozenset({"orders:read"}))
BEARER = {"X-Service-Token": TOKEN, "Authorization": f"Bearer {identity()[HEADER]}"}
PAST_THE_GATEWAY = {
    "nothing": (dict, 401, "service_token_required"),
    "identity without service token": (lambda: {HEADER: identity()[HEADER]}, 401, "service_token_required"),
    "service token": (lambda: {"X-Service-Token": TOKEN}, 401, "identity_required"),
    "forged": (lambda: identity(service_token="forged"), 401, "identity_required"),
    "unsigned": (lambda: {"X-Service-Token": TOKEN, HEADER: "eyJhbGciOiJub25lIn0.e30."}, 401, "identity_required"),
    "service token as identity": (lambda: {"X-Service-Token": TOKEN, HEADER: TOKEN}, 401, "identity_required"),
    "expired": (lambda: identity(issued_at=time.time() - 2 * LIFETIME), 401, "identity_required"),
    "for another service": (lambda: identity(audience="user"), 401, "identity_required"),
    "bearer": (lambda: BEARER, 401, "identity_required"),
    "without scopes": (lambda: identity(replace(ADA, scopes=frozenset())), 403, "insufficient_scope"),
}  # fmt: skip


@pytest.mark.parametrize(("headers", "status", "code"), PAST_THE_GATEWAY.values(), ids=PAST_THE_GATEWAY)
def test_whoever_is_not_named_by_the_gateway_is_refused(closed, mine, headers, status, code):
    requests = [
        ("GET", "/orders", None),
        ("POST", "/orders", LAPTOP),
        ("GET", f"/orders/{mine.pk}", None),
        ("PUT", f"/orders/{mine.pk}", LAPTOP | {"quantity": 2}),
        ("DELETE", f"/orders/{mine.pk}", None),
        ("POST", f"/orders/{mine.pk}/cancel", None),
        ("OPTIONS", "/orders", None),
    ]

    for request in requests:
        assert problem(closed(*request, **headers())) == (status, code)

    assert [*Order.objects.values_list("quantity", "status")] == [(1, "placed")]
    assert closed.log == []


def test_health_metrics_and_document_are_as_before(closed):
    assert closed("GET", "/health/ready").status == closed("GET", "/metrics").status == 200
    assert closed("GET", "/openapi.json", X_Service_Token=TOKEN).status == 200


def test_reader_changes_nothing(closed, mine):
    assert closed("GET", f"/orders/{mine.pk}", **identity(READER)).status == 200
    for request in [
        ("POST", "/orders", LAPTOP),
        ("POST", f"/orders/{mine.pk}/cancel"),
        ("DELETE", f"/orders/{mine.pk}"),
    ]:
        assert problem(closed(*request, **identity(READER))) == (403, "insufficient_scope")
    assert Order.objects.get().status == "placed"


def test_caller_has_its_own_orders(closed, other):
    placed = closed("POST", "/orders", LAPTOP, **identity())

    assert (placed.status, placed.json["user_id"]) == (201, 7)
    path = f"/orders/{placed.json['id']}"
    assert ids(closed("GET", "/orders", **identity())) == [placed.json["id"]]
    assert closed("GET", path, **identity()).json == placed.json
    assert closed("PATCH", path, {"quantity": 3}, **identity()).json["quantity"] == 3
    assert closed("POST", f"{path}/fulfil", **identity()).json["status"] == "fulfilled"
    assert closed("DELETE", path, **identity()).status == 204


def test_another_users_order_is_not_found(closed, mine, other):
    for request in [
        ("GET", f"/orders/{other.pk}", None),
        ("PUT", f"/orders/{other.pk}", LAPTOP),
        ("PATCH", f"/orders/{other.pk}", {"quantity": 2}),
        ("DELETE", f"/orders/{other.pk}", None),
        ("POST", f"/orders/{other.pk}/cancel", None),
        ("POST", f"/orders/{other.pk}/fulfil", None),
    ]:
        assert problem(closed(*request, **identity())) == (404, "not_found")
    assert ids(closed("GET", "/orders?user_id=8", **identity())) == []
    assert ids(closed("GET", f"/orders?id__in={other.pk}", **identity())) == []
    assert ids(closed("GET", "/orders?search=book", **identity())) == []
    other.refresh_from_db()
    assert (other.quantity, other.status) == (1, "placed")


@pytest.mark.parametrize("user_id", [8, 99])
def test_order_for_another_user_is_refused_without_a_word_about_the_user(closed, mine, user_id):
    refused = closed("POST", "/orders", BOOK | {"user_id": user_id}, **identity())
    given = closed("PATCH", f"/orders/{mine.pk}", {"user_id": user_id}, **identity())

    assert problem(refused) == problem(given) == (403, "insufficient_scope")
    assert closed.log == []
    assert Order.objects.get().user_id == 7


def test_order_needs_its_user_as_ever(closed):
    response = closed("POST", "/orders", {"product_name": "Laptop"}, **identity())

    assert (response.status, response.json["errors"][0]["code"]) == (400, "required")


def test_scope_for_all_sees_and_places_all(closed, mine, other):
    assert ids(closed("GET", "/orders", **identity(CLERK))) == [mine.pk, other.pk]
    assert closed("POST", "/orders", BOOK, **identity(CLERK)).status == 201
    assert closed("POST", f"/orders/{other.pk}/cancel", **identity(CLERK)).json["status"] == "cancelled"


def test_caller_without_a_user_sees_and_places_nothing(closed, mine):
    nobody = replace(ADA, user_id=None)

    assert ids(closed("GET", "/orders", **identity(nobody))) == []
    assert problem(closed("GET", f"/orders/{mine.pk}", **identity(nobody))) == (404, "not_found")
    assert problem(closed("POST", "/orders", LAPTOP, **identity(nobody))) == (403, "insufficient_scope")


def test_each_caller_has_its_own_idempotency_keys(closed):
    first = closed("POST", "/orders", BOOK, Idempotency_Key="k", **identity(EVE))
    own = closed("POST", "/orders", LAPTOP, Idempotency_Key="k", **identity())
    again = closed("POST", "/orders", LAPTOP, Idempotency_Key='"k"', **identity())

    assert (first.status, own.status, again.status) == (201, 201, 201)
    assert (own.headers.get("Idempotent-Replayed"), again.headers.get("Idempotent-Replayed")) == (None, "true")
    assert (again.content, own.json["user_id"]) == (own.content, 7)
    assert {*IdempotencyKey.objects.values_list("key", flat=True)} == {"7 k", "8 k"}
    assert Order.objects.count() == 2


def test_key_of_the_time_without_callers_is_nobodys(closed):
    IdempotencyKey.objects.claim("7", "fingerprint", timedelta(minutes=1))
    IdempotencyKey.objects.claim("k", "fingerprint", timedelta(minutes=1))

    assert closed("POST", "/orders", LAPTOP, Idempotency_Key="k", **identity()).status == 201


@pytest.mark.parametrize("subject", ["auth0|ü ö", "x" * 300, "%20"])
def test_key_of_any_subject_is_stored(closed, subject):
    caller = replace(ADA, subject=subject)

    for _ in range(2):
        placed = closed("POST", "/orders", LAPTOP, Idempotency_Key="k" * 255, **identity(caller))

    assert (placed.status, placed.headers.get("Idempotent-Replayed")) == (201, "true")


def test_order_service_names_itself_to_the_user_service(closed):
    closed("POST", "/orders", LAPTOP, **identity())

    (asked,) = [request for request, _ in closed.log]
    caller = verify(asked.headers[HEADER], audience="user", service_tokens=[TOKEN])
    assert (asked.path, asked.headers["X-Service-Token"]) == ("/users/7", TOKEN)
    assert (caller.subject, caller.scopes) == ("service:order", {"users:read"})


def signed_in(*permissions, **values):
    """Return the headers of a request with the session and the CSRF cookie of a new account."""
    user = User.objects.create_user("clerk", **{"is_staff": True} | values)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    session = SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.create()
    cookies = f"order_sessionid={session.session_key}; order_csrftoken={'c' * 32}"
    return {"X-Service-Token": TOKEN, "Cookie": cookies, "Accept": "text/html"}


@pytest.fixture
def accounts(closed):
    yield signed_in
    User.objects.all().delete()


def test_staff_use_the_browsable_api_with_the_session_of_the_admin(closed, accounts, mine, other):
    headers = accounts("view_order", "change_order")

    page = closed("GET", "/orders", **headers)
    refused = closed("POST", f"/orders/{other.pk}/cancel", **headers)
    cancelled = closed("POST", f"/orders/{other.pk}/cancel", **headers, X_CSRFToken="c" * 32)

    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert {f"user_id&quot;: {user}" for user in (7, 8)} <= {*re.findall(r"user_id&quot;: \d", page.content.decode())}
    assert (refused.status, cancelled.status) == (403, 200)
    other.refresh_from_db()
    assert other.status == "cancelled"


def test_staff_may_no_more_than_in_the_admin(closed, accounts, mine):
    headers = accounts("view_order") | {"X-CSRFToken": "c" * 32}

    assert closed("POST", f"/orders/{mine.pk}/cancel", **headers).status == 403
    assert closed("DELETE", f"/orders/{mine.pk}", **headers).status == 403
    assert Order.objects.get().status == "placed"


@pytest.mark.parametrize("values", [{"is_staff": False}, {"is_active": False}])
def test_session_of_anybody_else_is_refused(closed, accounts, mine, values):
    headers = accounts(**values, is_superuser=True)

    assert closed("GET", "/orders", **headers).status == 401
    assert closed("GET", f"/orders/{mine.pk}", **headers | {"Accept": "application/json"}).status == 401


def test_document_states_who_may_do_what(closed):
    document = closed("GET", "/openapi.json", X_Service_Token=TOKEN).json

    assert document["paths"]["/orders"]["get"]["security"] == [
        {"bearer": ["orders:read"]},
        {"apiKey": ["orders:read"]},
    ]
    assert document["paths"]["/orders/{id}/cancel"]["post"]["security"][0] == {"bearer": ["orders:write"]}
    assert {*document["components"]["securitySchemes"]} == {"bearer", "apiKey"}
