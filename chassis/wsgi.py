"""Django's WSGI handler with less on the way of each request."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.log import log_response

# What only pages with accounts and static files need.
PAGE_MIDDLEWARE = frozenset(
    {
        "whitenoise.middleware.WhiteNoiseMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "axes.middleware.AxesMiddleware",
    }
)


class PlainHandler(WSGIHandler):
    """Does without the prefix of a site mounted under a path, and without the signal that a request begins.

    Django's receivers of that signal do what those of the end of a request do once more. The two are a tenth of what a
    proxied request costs (docs/adr/0011).
    """

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> HttpResponseBase:
        """Answer one request (PEP 3333); the response is the iterable of the body's pieces."""
        response = self.get_response(self.request_class(environ))
        cookies = [("Set-Cookie", cookie.output(header="")) for cookie in response.cookies.values()]
        start_response(f"{response.status_code} {response.reason_phrase}", [*response.items(), *cookies])
        return response

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        """Run middleware and view; Django also notes in each thread that the URLs are those of the settings."""
        response = self._middleware_chain(request)
        response._resource_closers.append(request.close)  # noqa: SLF001 - as Django's
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            log_response("%s: %s", response.reason_phrase, request.path, response=response, request=request)
        return response


class ApiHandler(PlainHandler):
    """Leaves ``PAGE_MIDDLEWARE`` out of ``settings.MIDDLEWARE``."""

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: FBT001, FBT002 - Django's signature
        """Build the chain; Django takes its parts from the settings."""
        everything = settings.MIDDLEWARE
        settings.MIDDLEWARE = [name for name in everything if name not in PAGE_MIDDLEWARE]
        try:
            super().load_middleware(is_async)
        finally:
            settings.MIDDLEWARE = everything


def service_application() -> WSGIApplication:
    """Return a service's application: ``settings.API_PATHS`` and what is under them, by whole segments, are the API."""
    pages, api = WSGIHandler(), ApiHandler()
    exactly = frozenset(settings.API_PATHS)
    under = tuple(f"{path}/" for path in settings.API_PATHS)

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        handler = api if path in exactly or path.startswith(under) else pages
        return handler(environ, start_response)  # type: ignore[return-value] # a response is such an iterable

    return application
