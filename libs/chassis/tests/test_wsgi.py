import application_client as client
import pytest
from django.core.cache import close_caches
from django.core.cache.backends.locmem import LocMemCache
from django.core.signals import request_finished
from django.db import connection, connections
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.clickjacking import xframe_options_exempt

from chassis import wsgi
from chassis.rest.renderers import JSONRenderer
from chassis.wsgi import service_application
from library.books.views import BookViewSet

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

    return lambda path, application=own, **variables: client.ask(application, path, **variables)


def test_requests_of_the_api_pass_by_what_only_pages_need(ask):
    assert ask("/books")[0] == "200 OK"
    assert ask("/books/1")[0] == "404 Not Found"
    assert seen == []


@pytest.mark.parametrize("path", ["/admin/login/", "/nowhere", "/openapi.json", "/books-of-today/"])
def test_all_other_requests_go_through_everything(ask, path):
    ask(path)

    assert seen == [path]


def test_cookies_of_the_api_are_sent(ask, monkeypatch):
    def finalize(view, request, response, *args, **kwargs):
        response.set_cookie("seen", "yes")
        response.set_cookie("twice", "yes")
        return original(view, request, response, *args, **kwargs)

    original = BookViewSet.finalize_response
    monkeypatch.setattr(BookViewSet, "finalize_response", finalize)

    cookies = [value for name, value in ask("/books")[1] if name == "Set-Cookie"]

    assert [cookie.split(";")[0].strip() for cookie in cookies] == ["seen=yes", "twice=yes"]


@pytest.mark.parametrize("https_only", [True, False])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_protects_a_page_is_in_every_answer(ask, settings, https_only, scheme):
    settings.SECURE_HSTS_SECONDS = 60 if https_only else 0
    application = service_application()

    headers = [
        dict(ask(path, application, **{"wsgi.url_scheme": scheme})[1]) for path in ("/books", "/openapi.json")
    ]

    of_api, of_page = [{name: one.get(name) for name in PROTECTION} for one in headers]
    assert of_api == of_page
    assert of_api["X-Frame-Options"] == "DENY"
    assert ("Strict-Transport-Security" in headers[0]) == (https_only and scheme == "https")


def test_page_that_may_be_framed_says_so(ask, monkeypatch):
    monkeypatch.setattr(
        BookViewSet, "dispatch", xframe_options_exempt(lambda *args, **kwargs: HttpResponse())
    )

    headers = dict(ask("/books")[1])

    assert "X-Frame-Options" not in headers
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", wsgi.HEADER_MIDDLEWARE)
def test_what_is_no_middleware_adds_no_header(ask, settings, name):
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if one != name]
    header = "X-Frame-Options" if "clickjacking" in name else "Referrer-Policy"

    assert header not in dict(ask("/books", service_application())[1])


def test_redirection_to_tls_is_made_where_the_settings_want_it(ask, settings):
    settings.SECURE_SSL_REDIRECT = True

    assert ask("/books", service_application())[0].startswith("301")


def test_header_that_a_view_has_set_stays(ask, monkeypatch):
    monkeypatch.setattr(BookViewSet, "default_response_headers", {"X-Frame-Options": "SAMEORIGIN"})

    assert dict(ask("/books")[1])["X-Frame-Options"] == "SAMEORIGIN"


def test_caches_are_closed_where_one_has_something_to_close(settings):
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.ClosableCache"}}
    request_finished.connect(close_caches)  # as it is in a new process
    service_application()

    request_finished.send(sender=None)

    assert ClosableCache.closed


class Passing:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)


class OtherAddresses(Passing):
    def __call__(self, request):
        request.urlconf = __name__
        return super().__call__(request)


urlpatterns = [path("books", lambda request: HttpResponse(status=418))]


class StopAtView(Passing):
    def process_view(self, request, *view):
        return HttpResponse(status=418)


class ChangeBeforeRendering(Passing):
    def process_template_response(self, request, response):
        response.status_code = 418
        return response


class AnswerErrors(Passing):
    def process_exception(self, request, exception):
        return HttpResponse(status=418)


@pytest.fixture
def ask_with(ask, settings):
    """Ask an application that has one more middleware; return the status."""

    def ask_with(middleware, path):
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.{middleware.__name__}"]
        return int(ask(path, service_application())[0][:3])

    return ask_with


@pytest.mark.parametrize("middleware", [OtherAddresses, StopAtView, ChangeBeforeRendering])
def test_middleware_that_has_to_do_with_the_view_is_asked(ask_with, middleware):
    assert ask_with(middleware, "/books") == 418


@pytest.mark.parametrize(("middleware", "status"), [(Passing, 500), (AnswerErrors, 418)])
@pytest.mark.parametrize("part", [(BookViewSet, "dispatch"), (JSONRenderer, "render")], ids=str)
def test_error_of_view_or_renderer_is_given_to_middleware(ask_with, monkeypatch, middleware, status, part):
    monkeypatch.setattr(*part, lambda *args, **kwargs: 1 / 0)

    assert ask_with(middleware, "/books") == status


def test_view_that_returns_nothing_is_an_error_that_says_so(ask, monkeypatch, caplog):
    monkeypatch.setattr(BookViewSet, "dispatch", lambda *args, **kwargs: None)

    assert ask("/books")[0].startswith("500")
    assert "didn't return an HttpResponse" in caplog.text


def test_view_runs_in_a_transaction_where_that_is_wanted(ask, monkeypatch):
    def dispatch(view, request, **kwargs):
        return HttpResponse(headers={"X-Depth": len(connection.savepoint_ids)})

    monkeypatch.setattr(BookViewSet, "dispatch", dispatch)
    outside = dict(ask("/books")[1])["X-Depth"]
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", "yes")

    inside = dict(ask("/books", service_application())[1])["X-Depth"]

    assert int(inside) == int(outside) + 1


def test_the_settings_stay_as_they_are(settings):
    before = list(settings.MIDDLEWARE)

    service_application()

    assert before == settings.MIDDLEWARE
    assert set(before) >= wsgi.PAGE_MIDDLEWARE
