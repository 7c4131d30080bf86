"""The one place where compiled reads stand in front of the views."""

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

from speedups.reads.guard import CompiledRead, compile_view, refuse_site
from speedups.reads.parts import NotCompiledError

ACCEPT = {None, "*/*", "application/json", "application/json, text/plain, */*"}  # which get JSON without indentation

# With one of these, something else than the view may have a say in the response.
NOT_PLAIN = {"HTTP_AUTHORIZATION", "HTTP_COOKIE", "HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_RANGE"}


class CompiledReadsMiddleware:
    """Answers plain reads of routes whose every part is known; every other request goes on, as if it were not there.

    A route is looked at when it is first asked for, and again when a test changes a setting. Classes that change
    afterwards are not looked at again; receivers of ``pre_init`` and ``post_init`` are, at each request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        setting_changed.connect(self.look_again)
        self.look_again()

    def look_again(self, **kwargs: Any) -> None:
        """Forget what was compiled."""
        self.static_path = urlsplit(settings.STATIC_URL or "").path or None
        self.reads: dict[object, CompiledRead | None] = {}
        try:
            refuse_site()
            self.is_enabled = True
        except NotCompiledError:
            self.is_enabled = False

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        response = self.read(request) if self.is_enabled else None
        return self.get_response(request) if response is None else response

    def read(self, request: HttpRequest) -> HttpResponse | None:
        """Return the response of a compiled read; None for every other request."""
        if not self.is_plain(request):
            return None
        try:
            match = resolve(request.path_info, getattr(request, "urlconf", None))
        except Resolver404:
            return None
        read = self.compiled(match.func)
        if read is None or match.args or read.rows.have_receivers():
            return None
        try:
            response = read(request, match.kwargs)
        except Error:  # the view finds it out, too, and says so
            return None
        if response is not None:
            request.resolver_match = match
        return response

    def is_plain(self, request: HttpRequest) -> bool:
        """Return whether nothing but the address and the query matters."""
        return (
            request.method in ("GET", "HEAD")
            and request.META.get("HTTP_ACCEPT") in ACCEPT
            and NOT_PLAIN.isdisjoint(request.META)
            and timezone.get_current_timezone_name() == "UTC"
            and not (self.static_path and request.path_info.startswith(self.static_path))  # it may be a file
        )

    def compiled(self, view: Callable[..., HttpResponseBase]) -> CompiledRead | None:
        """Return what stands in front of ``view``."""
        if view not in self.reads:
            try:
                self.reads[view] = compile_view(view)
            except NotCompiledError:
                self.reads[view] = None
        return self.reads[view]
