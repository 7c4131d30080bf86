"""Authorization with ``AUTH=true``: a request needs a signed identity, and a user accesses only its own orders."""

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
def mine(secured):
    return Order.objects.create(**LAPTOP)


@pytest.fixture
def other(secured):
    return Order.objects.create(**BOOK)


def problem(response):
    return response.status, (response.json or {"type": "none"})["type"].removeprefix("urn:problem:")


def ids(response):
    assert response.status == 200, response
    return [order["id"] for order in response.json["results"]]


READER = replace(ADA, scopes=frozenset({"orders:read"}))
BEARER = {"X-Service-Token": TOKEN, "Authorization": f"Bearer {identity()[HEADER]}"}
INVALID_IDENTITIES = {
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


@pytest.mark.parametrize(("headers", "status", "code"), INVALID_IDENTITIES.values(), ids=INVALID_IDENTITIES)
def test_request_without_a_valid_identity_is_refused(secured, mine, headers, status, code):
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
        assert problem(secured(*request, **headers())) == (status, code)

    assert [*Order.objects.values_list("quantity", "status")] == [(1, "placed")]
    assert secured.log == []


def test_health_metrics_and_document_need_no_identity(secured):
    assert secured("GET", "/health/ready").status == secured("GET", "/metrics").status == 200
    assert secured("GET", "/openapi.json", X_Service_Token=TOKEN).status == 200


def test_reader_changes_nothing(secured, mine):
    assert secured("GET", f"/orders/{mine.pk}", **identity(READER)).status == 200
    for request in [
        ("POST", "/orders", LAPTOP),
        ("POST", f"/orders/{mine.pk}/cancel"),
        ("DELETE", f"/orders/{mine.pk}"),
    ]:
        assert problem(secured(*request, **identity(READER))) == (403, "insufficient_scope")
    assert Order.objects.get().status == "placed"


def test_caller_manages_its_own_orders(secured, other):
    placed = secured("POST", "/orders", LAPTOP, **identity())

    assert (placed.status, placed.json["user_id"]) == (201, 7)
    path = f"/orders/{placed.json['id']}"
    assert ids(secured("GET", "/orders", **identity())) == [placed.json["id"]]
    assert secured("GET", path, **identity()).json == placed.json
    assert secured("PATCH", path, {"quantity": 3}, **identity()).json["quantity"] == 3
    assert secured("POST", f"{path}/fulfil", **identity()).json["status"] == "fulfilled"
    assert secured("DELETE", path, **identity()).status == 204


def test_another_users_order_is_not_found(secured, mine, other):
    for request in [
        ("GET", f"/orders/{other.pk}", None),
        ("PUT", f"/orders/{other.pk}", LAPTOP),
        ("PATCH", f"/orders/{other.pk}", {"quantity": 2}),
        ("DELETE", f"/orders/{other.pk}", None),
        ("POST", f"/orders/{other.pk}/cancel", None),
        ("POST", f"/orders/{other.pk}/fulfil", None),
    ]:
        assert problem(secured(*request, **identity())) == (404, "not_found")
    assert ids(secured("GET", "/orders?user_id=8", **identity())) == []
    assert ids(secured("GET", f"/orders?id__in={other.pk}", **identity())) == []
    assert ids(secured("GET", "/orders?search=book", **identity())) == []
    other.refresh_from_db()
    assert (other.quantity, other.status) == (1, "placed")


@pytest.mark.parametrize("user_id", [8, 99])
def test_order_for_another_user_is_refused_without_revealing_the_user(secured, mine, user_id):
    refused = secured("POST", "/orders", BOOK | {"user_id": user_id}, **identity())
    given = secured("PATCH", f"/orders/{mine.pk}", {"user_id": user_id}, **identity())

    assert problem(refused) == problem(given) == (403, "insufficient_scope")
    assert refused.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="orders:all"'
    assert secured.log == []
    assert Order.objects.get().user_id == 7


def test_order_without_a_user_is_invalid(secured):
    response = secured("POST", "/orders", {"product_name": "Laptop"}, **identity())

    assert (response.status, response.json["errors"][0]["code"]) == (400, "required")


def test_scope_for_all_orders_reads_and_places_orders_of_any_user(secured, mine, other):
    assert ids(secured("GET", "/orders", **identity(CLERK))) == [mine.pk, other.pk]
    assert secured("POST", "/orders", BOOK, **identity(CLERK)).status == 201
    assert secured("POST", f"/orders/{other.pk}/cancel", **identity(CLERK)).json["status"] == "cancelled"


def test_caller_without_a_user_reads_and_places_no_orders(secured, mine):
    userless = replace(ADA, user_id=None)

    assert ids(secured("GET", "/orders", **identity(userless))) == []
    assert problem(secured("GET", f"/orders/{mine.pk}", **identity(userless))) == (404, "not_found")
    assert problem(secured("POST", "/orders", LAPTOP, **identity(userless))) == (403, "insufficient_scope")


def test_each_caller_has_its_own_idempotency_keys(secured):
    first = secured("POST", "/orders", BOOK, Idempotency_Key="k", **identity(EVE))
    own = secured("POST", "/orders", LAPTOP, Idempotency_Key="k", **identity())
    again = secured("POST", "/orders", LAPTOP, Idempotency_Key='"k"', **identity())

    assert (first.status, own.status, again.status) == (201, 201, 201)
    assert (own.headers.get("Idempotent-Replayed"), again.headers.get("Idempotent-Replayed")) == (None, "true")
    assert (again.content, own.json["user_id"]) == (own.content, 7)
    assert {*IdempotencyKey.objects.values_list("key", flat=True)} == {"7 k", "8 k"}
    assert Order.objects.count() == 2


def test_key_stored_without_a_caller_belongs_to_no_caller(secured):
    IdempotencyKey.objects.claim("7", "fingerprint", timedelta(minutes=1))
    IdempotencyKey.objects.claim("k", "fingerprint", timedelta(minutes=1))

    assert secured("POST", "/orders", LAPTOP, Idempotency_Key="k", **identity()).status == 201


@pytest.mark.parametrize("subject", ["auth0|ü ö", "x" * 300, "%20"])
def test_key_of_any_subject_is_stored(secured, subject):
    caller = replace(ADA, subject=subject)

    for _ in range(2):
        placed = secured("POST", "/orders", LAPTOP, Idempotency_Key="k" * 255, **identity(caller))

    assert (placed.status, placed.headers.get("Idempotent-Replayed")) == (201, "true")


def test_order_service_names_itself_to_the_user_service(secured):
    secured("POST", "/orders", LAPTOP, **identity())

    (sent,) = [request for request, _ in secured.log]
    caller = verify(sent.headers[HEADER], audience="user", service_tokens=[TOKEN])
    assert (sent.path, sent.headers["X-Service-Token"]) == ("/users/7", TOKEN)
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
def accounts(secured):
    yield signed_in
    User.objects.all().delete()


def test_staff_use_the_browsable_api_with_the_session_of_the_admin(secured, accounts, mine, other):
    headers = accounts("view_order", "change_order")

    page = secured("GET", "/orders", **headers)
    refused = secured("POST", f"/orders/{other.pk}/cancel", **headers)
    cancelled = secured("POST", f"/orders/{other.pk}/cancel", **headers, X_CSRFToken="c" * 32)

    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert {f"user_id&quot;: {user}" for user in (7, 8)} <= {*re.findall(r"user_id&quot;: \d", page.content.decode())}
    assert (refused.status, cancelled.status) == (403, 200)
    other.refresh_from_db()
    assert other.status == "cancelled"


def test_staff_permissions_are_those_of_the_admin(secured, accounts, mine):
    headers = accounts("view_order") | {"X-CSRFToken": "c" * 32}

    assert secured("POST", f"/orders/{mine.pk}/cancel", **headers).status == 403
    assert secured("DELETE", f"/orders/{mine.pk}", **headers).status == 403
    assert Order.objects.get().status == "placed"


@pytest.mark.parametrize("values", [{"is_staff": False}, {"is_active": False}])
def test_session_of_an_inactive_or_ordinary_account_is_refused(secured, accounts, mine, values):
    headers = accounts(**values, is_superuser=True)

    assert secured("GET", "/orders", **headers).status == 401
    assert secured("GET", f"/orders/{mine.pk}", **headers | {"Accept": "application/json"}).status == 401


def test_document_states_the_required_scopes(secured):
    document = secured("GET", "/openapi.json", X_Service_Token=TOKEN).json

    assert document["paths"]["/orders"]["get"]["security"] == [
        {"bearer": ["orders:read"]},
        {"apiKey": ["orders:read"]},
    ]
    assert document["paths"]["/orders/{id}/cancel"]["post"]["security"][0] == {"bearer": ["orders:write"]}
    assert {*document["components"]["securitySchemes"]} == {"bearer", "apiKey"}
