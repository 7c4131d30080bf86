import time

import pytest
from callers import identity, make_caller
from django.contrib.auth.models import Permission, User
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory
from rest_framework.views import APIView

from identity import callers as callers_module
from identity.authentication import CallerUser, InternalIdentityAuthentication, StaffSessionAuthentication
from identity.callers import name_of_caller, subject_of
from identity.internal import HEADER, LIFETIME
from identity.permissions import HasScope
from library.books.models import Book
from library.books.views import BookViewSet
from observability.actor import current_actor

pytestmark = pytest.mark.django_db


class ClosedBooks(BookViewSet):
    """Books, as with AUTH=true."""

    authentication_classes = [InternalIdentityAuthentication, StaffSessionAuthentication]
    permission_classes = [HasScope]
    scope_resource = "books"


def send(method="GET", path="/books", *, headers=None, user=None, detail=None, **options):
    """Send a request to the view; ``user`` is signed in to the admin."""
    request = getattr(APIRequestFactory(**options), method.lower())(path, {}, format="json", headers=headers or {})
    request.user = user
    actions = {"post": "create", "get": "list"} if detail is None else {"get": "retrieve", "post": "retrieve"}
    actions |= {"put": "update", "delete": "destroy"}
    arguments = {} if detail is None else {"pk": detail}
    view = ClosedBooks.as_view(actions, detail=detail is not None)
    return view(request, **arguments)


def problem(response):
    return response.status_code, response.data["type"].removeprefix("urn:problem:")


def test_identity_of_the_gateway_is_the_caller(auth):
    caller = make_caller()

    response = send(headers=identity(caller))

    request = response.renderer_context["request"]
    assert (response.status_code, request.auth, request.user.caller, str(request.user)) == (200, caller, caller, "7")
    assert (request.user.is_authenticated, request.user.is_staff, request.user.pk) == (True, False, "7")
    assert (current_actor(), subject_of(request)) == ("7", "7")


def test_user_of_a_caller_has_no_permissions_of_django(auth):
    response = send(headers=identity(make_caller()))
    user = response.renderer_context["request"].user

    assert (user.id, user.get_username()) == ("7", "7")
    assert [user.has_perm("books.view_book"), user.has_perms(["books.view_book"])] == [False, False]
    assert user.has_module_perms("books") is False


FORGED = {
    "no header": {},
    "empty": {HEADER: ""},
    "text": {HEADER: "7"},
    "audience": identity(audience="user"),
    "key": identity(service_token="wrong" * 8),
    "expired": identity(issued_at=time.time() - 2 * LIFETIME),
    "not yet": identity(issued_at=time.time() + 3600),
    "no subject": identity(make_caller(subject="")),
    "subject of staff": identity(make_caller(subject="staff:1")),
    "two": {HEADER: f"{identity()[HEADER]},{identity()[HEADER]}"},
    "bearer": {"Authorization": f"Bearer {identity()[HEADER]}"},
    "service token": {"X-Service-Token": "right" * 8},
}


@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_invalid_identity_is_refused(auth, headers, method):
    response = send(method, headers=headers)

    assert problem(response) == (401, "identity_required")
    assert response["WWW-Authenticate"] == 'Bearer realm="library"'
    assert current_actor() == ""


def test_cached_identity_expires(auth, monkeypatch):
    header = identity()
    assert send(headers=header).status_code == 200
    monkeypatch.setattr(callers_module.time, "time", lambda: time.monotonic() + 1e10)

    assert problem(send(headers=header)) == (401, "identity_required")


def test_repeated_identity_is_cached(auth, monkeypatch):
    header = identity(make_caller(subject="repeated"))
    send(headers=header)
    before = callers_module._read.cache_info()

    send(headers=header)

    after = callers_module._read.cache_info()
    assert (after.hits, after.misses) == (before.hits + 1, before.misses)


def test_refusal_is_logged_with_its_reason_and_without_the_token(auth, caplog):
    header = identity(audience="user")

    send(headers=header)

    (record,) = caplog.records
    assert (record.message, record.levelname) == ("identity refused", "WARNING")
    assert "audience" in record.reason.lower()
    assert header[HEADER] not in str(vars(record))


def test_identity_cache_is_bounded(auth):
    for number in range(1100):
        callers_module.verified_caller(identity(make_caller(subject=str(number)))[HEADER])

    assert callers_module._read.cache_info().currsize == 1024


def test_refused_identities_are_not_cached(auth):
    callers_module._read.cache_clear()

    send(headers=identity(service_token="wrong" * 8))

    assert callers_module._read.cache_info().currsize == 0


def test_identity_signed_with_a_removed_service_token_is_refused(auth):
    header = identity()
    assert send(headers=header).status_code == 200
    auth.SERVICE_TOKENS = ["new" * 10]

    assert problem(send(headers=header)) == (401, "identity_required")


@pytest.mark.parametrize(
    ("method", "scope"),
    [("GET", "read"), ("HEAD", "read"), ("OPTIONS", "read"), ("POST", "write"), ("PUT", "write"), ("DELETE", "write")],
)
def test_each_method_needs_its_scope_and_no_other(auth, make_book, method, scope):
    detail = make_book().pk if method in ("PUT", "DELETE") else None
    needed = make_caller(scopes=frozenset({f"books:{scope}"}))
    others = make_caller(scopes=frozenset({"books:read", "books:write", "books:all", "films:read"} - needed.scopes))

    allowed = send(method, headers=identity(needed), detail=detail)
    refused = send(method, headers=identity(others), detail=detail)

    assert allowed.status_code in (200, 204, 400)
    assert problem(refused) == (403, "insufficient_scope")
    assert f"books:{scope} " in refused.data["detail"]


def staff(*permissions, **values):
    user = User.objects.create_user(f"staff{User.objects.count()}", is_staff=True, **values)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


class PlainView(APIView):
    authentication_classes = ClosedBooks.authentication_classes
    permission_classes = ClosedBooks.permission_classes

    def get(self, request):
        return Response("open")


def test_view_without_a_resource_refuses_all_requests(auth):
    def get(headers=None, user=None):
        request = APIRequestFactory().get("/plain", headers=headers or {})
        request.user = user
        return problem(PlainView.as_view()(request))

    assert get() == (401, "identity_required")
    assert get(identity()) == (403, "permission_denied")
    assert get(user=staff(is_superuser=True)) == (403, "permission_denied")


def test_view_without_a_model_refuses_staff(auth, monkeypatch):
    monkeypatch.setattr(PlainView, "scope_resource", "books", raising=False)
    request = APIRequestFactory().get("/plain")
    request.user = staff(is_superuser=True)

    assert PlainView.as_view()(request).status_code == 403
    assert PlainView.as_view()(APIRequestFactory().get("/plain", headers=identity())).status_code == 200


def test_staff_need_the_permissions_of_the_admin(auth, make_book):
    book, reader = make_book(), staff("view_book")

    assert send(user=reader).status_code == 200
    assert subject_of(send(user=reader).renderer_context["request"]) == current_actor() == f"staff:{reader.pk}"
    assert problem(send("POST", user=reader)) == (403, "permission_denied")
    assert problem(send("DELETE", user=reader, detail=book.pk)) == (403, "permission_denied")
    assert problem(send("POST", user=staff("view_book", "add_book"), detail=book.pk)) == (403, "permission_denied")
    assert send("POST", user=staff("change_book"), detail=book.pk).status_code == 200  # an action
    assert send("DELETE", user=staff("delete_book"), detail=book.pk).status_code == 204
    assert not Book.objects.exists()


def test_session_of_other_users_is_refused(auth):
    for user in (User.objects.create_user("ada"), staff("view_book", is_active=False)):
        assert problem(send(user=user)) == (401, "identity_required")


def test_session_requires_a_csrf_token(auth):
    response = send("POST", user=staff("add_book"), enforce_csrf_checks=True)

    assert problem(response) == (403, "permission_denied")
    assert "CSRF" in response.data["detail"]


def test_caller_takes_precedence_over_a_session(auth):
    response = send("POST", headers=identity(make_caller(scopes=frozenset())), user=staff(is_superuser=True))

    assert problem(response) == (403, "insufficient_scope")


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("7", "7"),
        ("auth0|5f7c", "auth0|5f7c"),
        ("a b%20\n", "a%20b%2520%0A"),
        ("ü", "%C3%BC"),
        ("x" * 256, "%sha256:"),
    ],
)
def test_name_of_a_caller_is_visible_ascii(auth, subject, name, rf):
    request = rf.get("/")
    request.auth = make_caller(subject=subject)

    found = name_of_caller(request)

    assert found.isascii()
    assert found.isprintable()
    assert " " not in found
    assert len(found) <= 255
    assert found == name or (name.startswith("%sha256:") and found.startswith("%sha256:"))


def test_without_auth_callers_have_no_name(rf, settings):
    request = rf.get("/")
    request.auth, request.user = make_caller(), CallerUser(make_caller())

    assert (settings.AUTH, subject_of(request), name_of_caller(request)) == (False, "", "")


def test_without_auth_an_identity_is_ignored():
    assert APIClient().get("/books", headers={HEADER: "forged"}).status_code == 200
