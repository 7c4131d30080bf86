"""A reduced variant of Django's WSGI handler.

Django's handler adds a seventh to the CPU time of a proxied request (docs/adr/0019): it sets a script prefix and the
URL configuration of each thread, sends ``request_started``, and inspects the view of each request. The private names
are those of Django 5.2; ``gateway_project/tests/test_handler.py`` compares the handler with Django's.
"""

from collections.abc import Callable
from functools import cache, lru_cache
from http import HTTPStatus
from typing import Any

from asgiref.sync import async_to_sync, iscoroutinefunction
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest
from django.urls import ResolverMatch, get_resolver
from django.utils.log import log_response

_CACHED_LENGTH = 200  # longer paths, in characters, are not cached


class GatewayHandler(WSGIHandler):
    """A WSGI application that serves Django's middleware and views at the root of a site."""

    # Attributes of Django that the stubs lack.
    _middleware_chain: Any
    _view_middleware: Any
    _template_response_middleware: Any

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Handle a request (PEP 3333); the response is the iterable of the body."""
        response = self.get_response(self.request_class(environ))
        cookies = [("Set-Cookie", cookie.OutputString()) for cookie in response.cookies.values()]
        start_response(f"{response.status_code} {response.reason_phrase}", [*response.items(), *cookies])
        return response

    def get_response(self, request: HttpRequest) -> Any:
        """Run middleware and view, and log error responses as Django does."""
        response: Any = self._middleware_chain(request)
        response._resource_closers.append(request.close)  # noqa: SLF001
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            log_response("%s: %s", response.reason_phrase, request.path, response=response, request=request)
        return response

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        """Return the cached match of the path, unless middleware may change the URL configuration or the match."""
        if hasattr(request, "urlconf") or self._view_middleware:
            return super().resolve_request(request)
        path = request.path_info
        resolve = _resolve if len(path) <= _CACHED_LENGTH else get_resolver().resolve
        request.resolver_match = found = resolve(path)
        return found

    def _get_response(self, request: HttpRequest) -> Any:
        if self._view_middleware or self._template_response_middleware:
            return super()._get_response(request)  # type: ignore[misc] # as above
        found = self.resolve_request(request)
        try:
            response = _runnable(self, found.func)(request, *found.args, **found.kwargs)
        except Exception as error:
            if (response := self.process_exception_by_middleware(error, request)) is None:
                raise
        self.check_response(response, found.func)
        try:
            return response.render() if hasattr(response, "render") else response
        except Exception as error:
            if (response := self.process_exception_by_middleware(error, request)) is None:
                raise
            return response


@lru_cache(maxsize=128)
def _resolve(path: str) -> ResolverMatch:
    return get_resolver().resolve(path)


@cache
def _runnable(handler: BaseHandler, view: Callable[..., Any]) -> Callable[..., Any]:
    atomic = handler.make_view_atomic(view)
    return async_to_sync(atomic) if iscoroutinefunction(atomic) else atomic
