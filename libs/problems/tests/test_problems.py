import base64
import hashlib
import json
import logging
import re

import psycopg2
import pytest
from django.db import OperationalError, close_old_connections, connection
from django.http import Http404, HttpResponse
from django.test import Client
from django.urls import ResolverMatch
from rest_framework.exceptions import APIException, PermissionDenied, ValidationError

from library.books.views import BookViewSet
from problems.exceptions import is_unresponsive, report_error
from problems.responses import problem as problem_members
from problems.responses import problem_response
from problems.views import not_found, read_only

BROWSER = {"accept": "text/html,*/*;q=0.8"}


def test_address_outside_the_api_is_a_problem_and_a_page_in_a_browser(api):
    problem = api.get("/nowhere")
    page = api.get("/nowhere<script>", headers=BROWSER)

    assert (problem.status_code, problem["Content-Type"]) == (404, "application/problem+json")
    assert problem.json()["type"] == "urn:problem:not_found"
    assert (page.status_code, page["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "404 Not Found" in page.text
    assert "<script>" not in page.text


def test_page_of_a_problem_allows_only_its_own_style(api):
    page = api.get("/nowhere", headers=BROWSER)

    style = re.search("<style>(.*)</style>", page.text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert page["Content-Security-Policy"].startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert page["Cross-Origin-Resource-Policy"] == page["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize(
    ("seconds", "secure", "expected"),
    [(0, True, None), (60, True, "max-age=60; includeSubDomains; preload"), (60, False, None)],
)
def test_problem_has_the_headers_that_protect_a_page(rf, settings, seconds, secure, expected):
    settings.SECURE_HSTS_SECONDS = seconds

    response = not_found(rf.get("/nowhere", secure=secure), Http404())

    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert response.get("Strict-Transport-Security") == expected


@pytest.mark.parametrize("headers", [{}, BROWSER])
def test_negotiated_problem_varies_by_the_accepted_media_types(api, headers):
    assert "Accept" in api.get("/nowhere", headers=headers)["Vary"]


def test_lone_surrogate_is_escaped(rf):
    response = problem_response(rf.get("/nowhere"), 400, "odd", "half a \ud800 pair")

    assert json.loads(response.content)["detail"] == "half a \\ud800 pair"


def test_unknown_host_is_a_bad_request(api):
    response = api.get("/books", headers={"host": "evil.example"})

    assert (response.status_code, response.json()["type"]) == (400, "urn:problem:bad_request")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics"])
def test_supervisors_and_prometheus_may_use_any_host(api, path):
    assert api.get(path, headers={"host": "172.28.0.3:8000"}).status_code == 200


@pytest.mark.django_db
def test_missing_csrf_token_is_named():
    response = Client(enforce_csrf_checks=True).post("/admin/library/login/", {"username": "x"})

    assert (response.status_code, response.json()["type"]) == (403, "urn:problem:csrf_failed")
    assert response.json()["detail"] == "CSRF cookie not set."


@pytest.mark.django_db
def test_forbidden_page_is_a_problem(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("clerk", is_staff=True))

    response = client.get("/admin/library/books/book/add/")

    assert (response.status_code, response.json()["type"]) == (403, "urn:problem:permission_denied")


@pytest.mark.django_db
def test_unexpected_error_is_a_bare_500_and_logged_once_with_its_traceback(api, monkeypatch, caplog):
    def fail(self):
        raise RuntimeError("an internal secret")

    monkeypatch.setattr("library.books.views.BookViewSet.get_queryset", fail)
    api.raise_request_exception = False

    response = api.get("/books", headers={"x-request-id": "abc"})

    assert (response.status_code, response["Content-Type"]) == (500, "application/problem+json")
    assert response.json()["request_id"] == "abc"
    assert "secret" not in response.text
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.exc_info[1].args for record in errors] == [("an internal secret",)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "status", "problem"),
    [
        (PermissionDenied("No.", "not_yours"), 403, {"type": "urn:problem:not_yours", "detail": "No."}),
        (Http404("No."), 404, {"type": "urn:problem:not_found", "detail": "No."}),
        (PermissionDenied({"detail": "No.", "code": "x"}), 403, {"detail": "No."}),
        (PermissionDenied({"name": ["No."]}), 403, {"detail": "Not valid: name."}),
        (ValidationError("No."), 400, {"detail": "Not valid: the body."}),
        (ValidationError({"detail": "No.", "name": "No."}), 400, {"detail": "Not valid: detail, name."}),
    ],
)
def test_detail_of_an_exception_may_have_any_form(api, monkeypatch, error, status, problem):
    def fail(self):
        raise error

    monkeypatch.setattr("library.books.views.BookViewSet.get_queryset", fail)

    response = api.get("/books")

    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert response.json().items() >= problem.items()


@pytest.mark.django_db
@pytest.mark.parametrize(("key", "used"), [("own", "own"), ("non_field_errors", "__all__")])
def test_error_of_the_whole_body_has_no_field_under_any_key(api, monkeypatch, settings, key, used):
    """``__all__`` is the key of Django's ``full_clean``, in all projects."""

    def fail(self):
        raise ValidationError({used: ["No."], "name": {used: ["No."]}})

    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NON_FIELD_ERRORS_KEY": key}
    monkeypatch.setattr("library.books.views.BookViewSet.get_queryset", fail)

    errors = api.get("/books").json()["errors"]

    assert [one["field"] for one in errors] == [None, "name"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "title"),
    [(420, "Client Error"), (499, "Client Error"), (599, "Server Error"), (418, "I'm a Teapot")],
)
@pytest.mark.parametrize("headers", [{}, BROWSER])
def test_nonstandard_status_has_the_title_of_its_class(api, monkeypatch, status, title, headers):
    def fail(self):
        error = APIException("No.", "own")
        error.status_code = status
        raise error

    monkeypatch.setattr("library.books.views.BookViewSet.get_queryset", fail)

    response = api.get("/books", headers=headers)

    assert response.status_code == status
    assert response.data["status"] == status
    assert response.data["title"] == title


@pytest.mark.django_db
def test_unsupported_media_type_of_accept_is_a_problem(api):
    response = api.get("/books", headers={"accept": "text/csv"})

    assert (response.status_code, response["Content-Type"]) == (406, "application/problem+json")


def end_backend(link):
    """Terminate the server process of a connection, as a restart of the database does."""
    own = psycopg2.connect(link.dsn, password=link.info.password)
    with own.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [link.info.backend_pid])
    own.close()


@pytest.mark.django_db(transaction=True)
def test_write_to_a_read_only_database_is_503_with_retry_after(api):
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")

    book = {"title": "Emma", "isbn": "9780000000001"}
    response = api.post("/books", book, format="json")
    close_old_connections()  # at the end of each request; the next one may reach another server

    assert (response.status_code, response["Retry-After"]) == (503, "1")
    assert response.json()["type"] == "urn:problem:database_unavailable"
    assert api.post("/books", book, format="json").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_lost_database_connection_is_503_with_retry_after(api, caplog):
    connection.ensure_connection()
    end_backend(connection.connection)

    response = api.get("/books")
    connection.close()

    assert (response.status_code, response["Retry-After"]) == (503, "1")
    assert response.json()["type"] == "urn:problem:database_unavailable"
    assert [record.message for record in caplog.records if record.exc_info] == ["database unavailable"]
    assert api.get("/books").status_code == 200


@pytest.fixture
def full_role(transactional_db):
    """Connect to the database with a role that has no connections left."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE crowded LOGIN PASSWORD 'crowded' CONNECTION LIMIT 0")
    own = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(USER="crowded", PASSWORD="crowded")
    yield
    connection.close()
    connection.settings_dict.update(own)
    with connection.cursor() as cursor:
        cursor.execute("DROP ROLE crowded")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/books", {}),
        ("/books", BROWSER),
        ("/books", BROWSER | {"cookie": "library_sessionid=abcdefgh"}),
        ("/admin/library/", {"cookie": "library_sessionid=abcdefgh"}),
    ],
)
def test_role_without_a_connection_left_is_503_with_retry_after(full_role, client, path, headers, caplog):
    client.raise_request_exception = False

    response = client.get(path, headers=headers)

    assert (response.status_code, response["Retry-After"]) == (503, "1")
    assert "The database does not respond; retry the request." in response.text
    (error,) = [record.exc_info[1] for record in caplog.records if record.exc_info]
    assert "too many connections for role" in str(error)


FAILING_INSERT = """
    CREATE FUNCTION failing_insert() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE 'injected' USING ERRCODE = %s; END $$;
    CREATE TRIGGER failing_insert BEFORE INSERT ON books_book FOR EACH ROW EXECUTE FUNCTION failing_insert();
"""


@pytest.fixture
def fail_inserts(transactional_db):
    """Make inserts of books fail with an error code of PostgreSQL."""
    with connection.cursor() as cursor:
        yield lambda code: cursor.execute(FAILING_INSERT, [code])
        cursor.execute("DROP FUNCTION failing_insert CASCADE")


def test_full_disk_of_the_database_is_503_and_stores_nothing(api, fail_inserts):
    fail_inserts("disk_full")

    response = api.post("/books", {"title": "Emma", "isbn": "9780141439587"}, format="json")

    assert (response.status_code, response["Retry-After"]) == (503, "1")
    assert response.json()["type"] == "urn:problem:database_unavailable"
    assert api.get("/books").json()["results"] == []


@pytest.mark.parametrize("code", ["program_limit_exceeded", "object_not_in_prerequisite_state"])
def test_error_that_a_retry_repeats_is_500(api, fail_inserts, code):
    """psycopg2 raises an OperationalError, for example for an index row that is too large."""
    fail_inserts(code)
    api.raise_request_exception = False

    response = api.post("/books", {"title": "Emma", "isbn": "9780141439587"}, format="json")

    assert response.status_code == 500


@pytest.mark.parametrize(
    ("path", "instance"),
    [
        ("/users/a%20b%22%0a", "/users/a%20b%22%0A"),
        ("/%E2%82%AC", "/%E2%82%AC"),
        ("/users/1;v=2,3@x:y", "/users/1;v=2,3@x:y"),
        ("/a?b", "/a"),
        ("/%2Fevil/x", "/evil/x"),
    ],
)
def test_instance_is_a_reference_without_an_authority(rf, path, instance):
    assert problem_members(rf.get(path), 404, "not_found", "No.")["instance"] == instance


def test_instance_of_an_undecodable_path_is_ascii(rf):
    request = rf.get("/")
    request.path = "/\udc80"

    assert problem_members(request, 404, "not_found", "No.")["instance"].isascii()


def operational_error(code):
    error = OperationalError("failed")
    error.__cause__ = type("DriverError", (Exception,), {"pgcode": code})()
    return error


@pytest.mark.parametrize(("code", "is_expected"), [(None, True), ("55P03", True), ("57014", False)])
def test_failed_connections_and_locks_are_unresponsive(code, is_expected):
    assert is_unresponsive(operational_error(code)) is is_expected


def test_view_reports_an_error_without_its_action(rf):
    request, view = rf.get("/books/7"), BookViewSet.as_view({"get": "retrieve"})
    request.resolver_match = ResolverMatch(view, (), {"pk": "7"})

    response = report_error(view, request, OperationalError("failed"), {"X-Frame-Options": "DENY"})

    assert (response.status_code, response["Retry-After"], response["X-Frame-Options"]) == (503, "1", "DENY")
    assert json.loads(response.content)["type"] == "urn:problem:database_unavailable"


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("HEAD", 200), ("POST", 405), ("OPTIONS", 405)])
def test_read_only_view_allows_get_and_head(rf, method, status):
    response = read_only(lambda request: HttpResponse())(rf.generic(method, "/health"))

    assert (response.status_code, response.get("Allow")) == (status, "GET, HEAD" if status == 405 else None)
