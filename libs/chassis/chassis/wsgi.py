"""Django's WSGI handler with less on the way of each request."""

import io
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from asgiref.sync import async_to_sync, iscoroutinefunction
from django.conf import settings
from django.core.cache import caches, close_caches
from django.core.cache.backends.base import BaseCache
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware
from django.urls import ResolverMatch, get_resolver
from django.utils.log import log_response

from chassis.hosts import KnownHostRequest

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

# What adds headers that depend on nothing but whether the request is secure, and the answer exempt from framing rules.
HEADER_MIDDLEWARE = {
    "django.middleware.security.SecurityMiddleware": SecurityMiddleware,
    "django.middleware.clickjacking.XFrameOptionsMiddleware": XFrameOptionsMiddleware,
}

_USUAL_LENGTH = 200  # of a path, in characters: longer ones would only fill the memory


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

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        """Find the view; Django looks for it anew each time."""
        if hasattr(request, "urlconf"):  # a middleware's choice
            return super().resolve_request(request)
        path = request.path_info
        resolve = _resolve if len(path) <= _USUAL_LENGTH else get_resolver().resolve
        request.resolver_match = found = resolve(path)
        return found

    def _get_response(self, request: HttpRequest) -> HttpResponseBase:
        """Run the view; Django asks each time whether it is a coroutine, and wants a transaction."""
        if self._view_middleware or self._template_response_middleware:
            return super()._get_response(request)
        found = self.resolve_request(request)
        try:
            response = _runnable(self, found.func)(request, *found.args, **found.kwargs)
            self.check_response(response, found.func)
            return response.render() if hasattr(response, "render") else response
        except Exception as error:
            if answer := self.process_exception_by_middleware(error, request):
                return answer
            raise


@lru_cache(maxsize=1024)
def _resolve(path: str) -> ResolverMatch:
    return get_resolver().resolve(path)


@cache
def _runnable(handler: BaseHandler, view: Callable[..., Any]) -> Callable[..., Any]:
    atomic = handler.make_view_atomic(view)
    return async_to_sync(atomic) if iscoroutinefunction(atomic) else atomic


class ApiHandler(PlainHandler):
    """Leaves ``PAGE_MIDDLEWARE`` out of ``settings.MIDDLEWARE``, and works ``HEADER_MIDDLEWARE``'s headers out once."""

    request_class = KnownHostRequest

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: FBT001, FBT002 - Django's signature
        """Build the chain; Django takes its parts from the settings."""
        everything = settings.MIDDLEWARE
        # A redirection to TLS depends on more.
        constant = set() if settings.SECURE_SSL_REDIRECT else HEADER_MIDDLEWARE.keys() & set(everything)
        settings.MIDDLEWARE = [name for name in everything if name not in PAGE_MIDDLEWARE | constant]
        try:
            super().load_middleware(is_async)
        finally:
            settings.MIDDLEWARE = everything
        self._headers = {
            (secure, exempt): _headers_of(constant, secure=secure, exempt=exempt)
            for secure in (False, True)
            for exempt in (False, True)
        }

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        """Run middleware and view, and add what protects a page in a browser."""
        response = super().get_response(request)
        is_exempt = getattr(response, "xframe_options_exempt", False)
        for name, value in self._headers[request.is_secure(), is_exempt]:
            response.headers.setdefault(name, value)
        return response


def _headers_of(names: Iterable[str], *, secure: bool, exempt: bool) -> list[tuple[str, str]]:
    """Return what this middleware adds to an answer."""
    scheme = "https" if secure else "http"
    request = WSGIRequest({"REQUEST_METHOD": "GET", "wsgi.url_scheme": scheme, "wsgi.input": io.BytesIO()})
    response = HttpResponse()
    response.xframe_options_exempt = exempt
    for name in names:
        HEADER_MIDDLEWARE[name](lambda _: response).process_response(request, response)
    return [(name, value) for name, value in response.items() if name != "Content-Type"]


def service_application() -> WSGIApplication:
    """Return a service's application: ``settings.API_PATHS`` and what is under them, by whole segments, are the API."""
    pages, api = WSGIHandler(), ApiHandler()
    if all(type(cache).close is BaseCache.close for cache in caches.all(initialized_only=False)):
        request_finished.disconnect(close_caches)  # none has anything to close
    exactly = frozenset(settings.API_PATHS)
    under = tuple(f"{path}/" for path in settings.API_PATHS)

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        handler = api if path in exactly or path.startswith(under) else pages
        return handler(environ, start_response)  # type: ignore[return-value] # a response is such an iterable

    return application
