import io
import sys

import pytest
from django.core.cache import close_caches
from django.core.cache.backends.locmem import LocMemCache
from django.core.signals import request_finished

from chassis import wsgi
from chassis.wsgi import service_application
from users.views import UserViewSet

pytestmark = pytest.mark.django_db

PROBE = f"{__name__}.probe"


PROTECTION = [
    "X-Content-Type-Options",
    "X-Frame-Options",
    "Referrer-Policy",
    "Cross-Origin-Opener-Policy",
    "Strict-Transport-Security",
]


class ClosableCache(LocMemCache):
    closed = False

    def close(self, **kwargs):
        ClosableCache.closed = True


def probe(get_response):
    def note(request):
        seen.append(request.path)
        return get_response(request)

    return note


seen = []


@pytest.fixture
def ask(settings, monkeypatch):
    """Ask an application that has a middleware for pages only; return the status line and the headers."""
    seen.clear()
    monkeypatch.setattr(wsgi, "PAGE_MIDDLEWARE", wsgi.PAGE_MIDDLEWARE | {PROBE})
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, PROBE]
    own = service_application()

    def ask(path, application=own, **variables):
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": sys.stderr,
            **variables,
        }
        started = []
        response = application(environ, lambda status, headers: started.append((status, headers)))
        b"".join(response)
        return started[0]

    return ask


def test_requests_of_the_api_pass_by_what_only_pages_need(ask):
    assert ask("/users")[0] == "200 OK"
    assert ask("/users/1")[0] == "404 Not Found"
    assert seen == []


@pytest.mark.parametrize("path", ["/admin/user/login/", "/nowhere", "/openapi.json", "/users-of-today/"])
def test_all_other_requests_go_through_everything(ask, path):
    ask(path)

    assert seen == [path]


def test_cookies_of_the_api_are_sent(ask, monkeypatch):
    def finalize(view, request, response, *args, **kwargs):
        response.set_cookie("seen", "yes")
        response.set_cookie("twice", "yes")
        return original(view, request, response, *args, **kwargs)

    original = UserViewSet.finalize_response
    monkeypatch.setattr(UserViewSet, "finalize_response", finalize)

    cookies = [value for name, value in ask("/users")[1] if name == "Set-Cookie"]

    assert [cookie.split(";")[0].strip() for cookie in cookies] == ["seen=yes", "twice=yes"]


@pytest.mark.parametrize("https_only", [True, False])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_protects_a_page_is_in_every_answer(ask, settings, https_only, scheme):
    settings.SECURE_HSTS_SECONDS = 60 if https_only else 0
    application = service_application()

    headers = [
        dict(ask(path, application, **{"wsgi.url_scheme": scheme})[1]) for path in ("/users", "/openapi.json")
    ]

    of_api, of_page = [{name: one.get(name) for name in PROTECTION} for one in headers]
    assert of_api == of_page
    assert of_api["X-Frame-Options"] == "DENY"
    assert ("Strict-Transport-Security" in headers[0]) == (https_only and scheme == "https")


def test_header_that_a_view_has_set_stays(ask, monkeypatch):
    monkeypatch.setattr(UserViewSet, "default_response_headers", {"X-Frame-Options": "SAMEORIGIN"})

    assert dict(ask("/users")[1])["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize("host", ["evil.example", "a b", "", "[::1", "localhost.evil.example"])
@pytest.mark.parametrize("allowed", [["localhost"], ["*"]])
def test_hosts_are_refused_as_by_django(ask, settings, host, allowed):
    settings.ALLOWED_HOSTS = allowed
    expected = (
        "200 OK"
        if allowed == ["*"] and host in ("evil.example", "localhost.evil.example")
        else "400 Bad Request"
    )

    assert [ask("/users", HTTP_HOST=host)[0] for _ in range(2)] == [expected, expected]


def test_allowed_hosts_are_those_of_the_settings(ask, settings):
    settings.ALLOWED_HOSTS = ["shop.example"]
    assert ask("/users", HTTP_HOST="shop.example:8081")[0] == "200 OK"

    settings.ALLOWED_HOSTS = ["other.example"]
    assert ask("/users", HTTP_HOST="shop.example:8081")[0] == "400 Bad Request"


def test_caches_are_closed_where_one_has_something_to_close(settings):
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.ClosableCache"}}
    request_finished.connect(close_caches)  # as it is in a new process
    service_application()

    request_finished.send(sender=None)

    assert ClosableCache.closed


def test_the_settings_stay_as_they_are(settings):
    before = list(settings.MIDDLEWARE)

    service_application()

    assert before == settings.MIDDLEWARE
    assert set(before) >= wsgi.PAGE_MIDDLEWARE
