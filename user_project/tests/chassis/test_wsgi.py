import io
import sys

import pytest

from chassis import wsgi
from chassis.wsgi import service_application
from users.views import UserViewSet

pytestmark = pytest.mark.django_db

PROBE = f"{__name__}.probe"


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
    application = service_application()

    def ask(path):
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": sys.stderr,
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


def test_the_settings_stay_as_they_are(settings):
    before = list(settings.MIDDLEWARE)

    service_application()

    assert before == settings.MIDDLEWARE
    assert set(before) >= wsgi.PAGE_MIDDLEWARE
