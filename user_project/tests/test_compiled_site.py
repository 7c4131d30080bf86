"""Unknown settings and middleware disable all compiled reads."""

import io

import parity
import pytest
from django.core.management import call_command
from django.db import connections
from django.test import Client
from rest_framework.response import Response

import speedups
from speedups.reads import guard
from speedups.reads.parts import NotCompiledError
from users.models import User

SECURITY = "django.middleware.security.SecurityMiddleware"


def teapot_handler(error, context):
    return Response(status=418)


pytestmark = pytest.mark.skipif(not speedups.ENABLED, reason="SPEEDUPS=off disables compiled reads")


@pytest.fixture(autouse=True)
def known_middleware(settings):
    """Test the guard with the service's settings, whichever middleware was added to them."""
    parity.leave_out_unknown_middleware(settings)


def reason():
    try:
        guard.check_site()
    except NotCompiledError as error:
        return str(error)
    return None


def test_settings_of_the_service_are_known():
    assert reason() is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", True),
        ("CSRF_USE_SESSIONS", True),
        ("DATABASE_ROUTERS", ["builtins.object"]),
        ("MESSAGE_STORAGE", "x"),
        ("SESSION_ENGINE", "x"),
        ("TIME_ZONE", "Europe/Berlin"),
        ("USE_TZ", False),
        ("WHITENOISE_ROOT", "/tmp"),
    ],
)
def test_setting_is_refused(settings, name, value):
    setattr(settings, name, value)

    assert reason().startswith(f"settings.{name} is not ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATETIME_FORMAT", "%d"),
        ("COMPACT_JSON", False),
        ("UNICODE_JSON", False),
        ("COERCE_BIGINT_TO_STRING", True),
    ],
)
def test_setting_of_rest_framework_is_refused(settings, name, value):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {name: value}

    assert reason().startswith(f"REST_FRAMEWORK['{name}'] is not ")


def test_transaction_for_each_request_is_refused(monkeypatch):
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)  # noqa: FBT003

    assert reason() == "ATOMIC_REQUESTS of the database is not False"


@pytest.mark.parametrize("place", [0, 9, 99])
def test_middleware_is_refused(settings, place):
    """Unknown middleware may change the query, open a transaction, or read the user or the data of the response."""
    settings.MIDDLEWARE = list(settings.MIDDLEWARE)
    settings.MIDDLEWARE.insert(place, "tests.textbook.middleware.stamp")

    assert reason() == "middleware tests.textbook.middleware.stamp is not known"


def test_comparison_leaves_out_unknown_middleware(settings):
    settings.MIDDLEWARE = ["tests.textbook.middleware.stamp", *settings.MIDDLEWARE]

    parity.applications(settings)

    assert reason() is None


def test_middleware_in_another_place_is_refused(settings):
    """A compiled read would lack the headers that middleware below it sets."""
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if one != SECURITY] + [SECURITY]

    assert reason() == f"middleware {SECURITY} is not known"


def test_known_middleware_is_reviewed():
    """Before adding middleware here, check that it ignores plain reads or treats them as any other request."""
    assert {
        "chassis.client_address.ForwardedMiddleware",
        "observability.request_id.RequestIdMiddleware",
        "observability.tracing.TracingMiddleware",
        "chassis.access_log.AccessLogMiddleware",
        "observability.metrics.MetricsMiddleware",
        SECURITY,
        "chassis.service_token.ServiceTokenMiddleware",
        "chassis.request_body.BodyLimitMiddleware",
        "chassis.hosts.HostMiddleware",
    } == guard.known.MIDDLEWARE_ABOVE
    assert {
        "chassis.pages.PageSecurityMiddleware",
        "whitenoise.middleware.WhiteNoiseMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
        "axes.middleware.AxesMiddleware",
        "problems.exceptions.DatabaseUnavailableMiddleware",
    } == guard.known.MIDDLEWARE_BELOW


def test_change_of_a_setting_in_a_test_takes_effect_at_once(db, settings):
    settings.ACCESS_LOG = False
    user = User.objects.create(name="Ada", email="ada@example.com")
    compiled, _ = parity.applications(settings)
    parity.ask(compiled, "GET", f"/users/{user.pk}")

    settings.X_FRAME_OPTIONS = "SAMEORIGIN"

    status, headers, _ = parity.ask(compiled, "GET", f"/users/{user.pk}")
    assert (status, dict(headers)["X-Frame-Options"]) == ("200 OK", "SAMEORIGIN")


def test_custom_exception_handler_is_called(db, settings):
    """The view handles a read that fails, so any handler works."""
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"EXCEPTION_HANDLER": f"{__name__}.teapot_handler"}

    assert reason() is None
    assert Client().get("/users/1", headers={"Accept": "*/*"}).status_code == 418
    with parity.broken_database():
        assert Client().get("/users", headers={"Accept": "*/*"}).status_code == 418


def test_command_lists_compiled_routes_and_reasons_against_the_others(settings):
    settings.ROOT_URLCONF = "tests.textbook.urls"
    output = io.StringIO()

    call_command("speedups", stdout=output)

    lines = output.getvalue().splitlines()
    assert "^users/?$: compiled (list)" in lines
    assert "^users/(?P<pk>[0-9]+)/?$: compiled (retrieve)" in lines
    assert "^owned/?$: not compiled: OwnedViewSet.filter_backends is not known" in lines
    assert "^session/me/?$: not compiled: SessionViewSet.me is not known" in lines


PATHS = "owned owner-filtered profiles dynamic context by-email session late numbers atomic pages offsets annotated"


@pytest.mark.parametrize("path", [*PATHS.split(), "per-action", "teams/red/users", "teams/red/numbers"])
@pytest.mark.parametrize("headers", [{}, {"X-Owner": "ada@example.com", "X-Fields": "id", "X-Staff": "yes"}])
def test_idiom_is_served_by_its_view(db, settings, path, headers):
    settings.ROOT_URLCONF = "tests.textbook.urls"
    settings.ACCESS_LOG = False
    user = User.objects.create(name="Ada Lovelace", email="ada@example.com")
    User.objects.create(name="Eve", email="eve@example.com")
    compiled, textbook = parity.applications(settings)

    for target in (f"/{path}", f"/{path}/{user.pk}", f"/{path}/{user.email}"):
        expected = parity.ask(textbook, "GET", target, headers)
        assert parity.ask(compiled, "GET", target, headers) == expected
