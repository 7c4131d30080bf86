"""Middleware that serves compiled reads instead of calling the view."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.signals import setting_changed
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils import timezone

from problems.exceptions import is_unresponsive, report_error
from speedups.reads.guard import CompiledRead, check_site, compile_view
from speedups.reads.parts import NotCompiledError

ACCEPT = {None, "*/*", "application/json", "application/json, text/plain, */*"}  # values that select compact JSON

# Other code than the view may change the response to a request with one of these headers.
NOT_PLAIN = {"HTTP_AUTHORIZATION", "HTTP_COOKIE", "HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_RANGE"}


class CompiledReadsMiddleware:
    """Serves plain reads of routes that can be compiled, and passes every other request to the view.

    A route is compiled at its first request, and again after a test changes a setting. Later changes of classes are
    not noticed. Receivers of ``pre_init`` and ``post_init`` are checked at each request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        setting_changed.connect(self.reset)
        self.reset()

    def reset(self, **kwargs: Any) -> None:
        """Discard all compiled reads."""
        self.static_path = urlsplit(settings.STATIC_URL or "").path or None
        self.reads: dict[object, CompiledRead | None] = {}
        try:
            check_site()
            self.is_enabled = True
        except NotCompiledError:
            self.is_enabled = False

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the response of a compiled read, or of the view."""
        response = self.read(request) if self.is_enabled else None
        return self.get_response(request) if response is None else response

    def read(self, request: HttpRequest) -> HttpResponse | None:
        """Return the response of a compiled read, or None if the view must handle the request."""
        if not self.is_plain(request):
            return None
        try:
            match = resolve(request.path_info, getattr(request, "urlconf", None))
        except Resolver404:
            return None
        read = self.compiled(match.func)
        if read is None or match.args or read.rows.have_receivers():
            return None
        request.resolver_match = match
        try:
            return read(request, match.kwargs)
        except Error as error:  # the view would wait again for a database that does not respond
            return report_error(match.func, request, error, read.headers) if is_unresponsive(error) else None

    def is_plain(self, request: HttpRequest) -> bool:
        """Return whether the response depends only on the URL."""
        return (
            request.method in ("GET", "HEAD")
            and request.META.get("HTTP_ACCEPT") in ACCEPT
            and NOT_PLAIN.isdisjoint(request.META)
            and timezone.get_current_timezone_name() == "UTC"
            and not (self.static_path and request.path_info.startswith(self.static_path))  # a static file
        )

    def compiled(self, view: Callable[..., HttpResponseBase]) -> CompiledRead | None:
        """Return the compiled read of ``view``, or None if it cannot be compiled."""
        if view not in self.reads:
            try:
                self.reads[view] = compile_view(view)
            except NotCompiledError:
                self.reads[view] = None
        return self.reads[view]
