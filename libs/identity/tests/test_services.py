"""Calls between services."""

import json
import time

import jwt
import pytest
from callers import SERVICE_TOKEN, identity, make_caller
from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator

from identity import outgoing
from identity.authentication import InternalIdentityAuthentication, StaffSessionAuthentication
from identity.internal import HEADER, LIFETIME, verify
from identity.outgoing import identity_headers
from identity.permissions import HasScope
from identity.views import for_services
from library.books.views import BookViewSet
from observability.actor import current_actor


@for_services("events:read")
def feed(request):
    return HttpResponse(current_actor())


SERVICE = make_caller(subject="service:order", user_id=None, scopes=frozenset({"events:read"}))
REFUSED = {
    "none": (dict, 401, "identity_required"),
    "forged": (lambda: {HEADER: "forged"}, 401, "identity_required"),
    "other audience": (lambda: identity(SERVICE, audience="order"), 401, "identity_required"),
    "expired": (lambda: identity(SERVICE, issued_at=time.time() - 2 * LIFETIME), 401, "identity_required"),
    "other scope": (
        lambda: identity(make_caller(subject="service:order", scopes=frozenset({"users:read"}))),
        403,
        "insufficient_scope",
    ),
    "user": (lambda: identity(make_caller(scopes=frozenset({"events:read"}))), 403, "insufficient_scope"),
}


@pytest.mark.parametrize(("headers", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_view_for_services_refuses_others(auth, rf, headers, status, code):
    response = feed(rf.get("/events", headers=headers()))

    assert (response.status_code, json.loads(response.content)["type"]) == (status, f"urn:problem:{code}")
    challenges = {401: 'Bearer realm="library"', 403: 'Bearer error="insufficient_scope", scope="events:read"'}
    assert response.get("WWW-Authenticate") == challenges[status]


def test_view_for_services_accepts_services(auth, rf):
    assert feed(rf.get("/events", headers=identity(SERVICE))).content == b"service:order"


def test_without_auth_a_view_for_services_is_open(rf, settings):
    assert (settings.AUTH, feed(rf.get("/events", headers={HEADER: "forged"})).status_code) == (False, 200)


def test_service_identifies_itself_to_another_service(auth):
    token = identity_headers("user", reads="users")[HEADER]

    caller = verify(token, audience="user", service_tokens=[SERVICE_TOKEN])

    assert (caller.subject, caller.scopes, caller.is_service) == ("service:library", {"users:read"}, True)
    assert (caller.user_id, make_caller().is_service) == (None, False)


@pytest.mark.parametrize("second", range(0, 90, 7))
def test_reused_identity_is_valid_for_another_half_minute(auth, monkeypatch, second):
    now = time.time() + second
    monkeypatch.setattr(outgoing.time, "time", lambda: now)

    claims = jwt.decode(identity_headers("user", reads="users")[HEADER], options={"verify_signature": False})

    assert claims["iat"] <= now
    assert claims["exp"] - now >= LIFETIME / 2


def test_without_auth_no_identity_is_sent(settings):
    assert (settings.AUTH, identity_headers("user", reads="users")) == (False, {})


def document(view):
    """Return the OpenAPI document of a view's list."""
    from django.urls import path

    generator = SchemaGenerator(patterns=[path("books", view.as_view({"get": "list", "post": "create"}))])
    return generator.get_schema(request=None, public=True)


class ClosedBooks(BookViewSet):
    authentication_classes = [InternalIdentityAuthentication, StaffSessionAuthentication]
    permission_classes = [HasScope]
    scope_resource = "books"


def test_document_states_credentials_scopes_and_refusals():
    stated = document(ClosedBooks)

    listed, created = stated["paths"]["/books"]["get"], stated["paths"]["/books"]["post"]
    assert listed["security"] == [{"bearer": ["books:read"]}, {"apiKey": ["books:read"]}]
    assert created["security"] == [{"bearer": ["books:write"]}, {"apiKey": ["books:write"]}]
    assert {name: one["type"] for name, one in stated["components"]["securitySchemes"].items()} == {
        "bearer": "http",
        "apiKey": "apiKey",
    }
    assert "identity_required" in str(listed["responses"]["401"])
    assert "insufficient_scope" in str(listed["responses"]["403"])


def test_document_of_an_open_view_has_no_credentials():
    text = str(document(BookViewSet))

    assert not [name for name in ("bearer", "identity_required", "insufficient_scope") if name in text]
