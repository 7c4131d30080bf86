"""``manage.py speedups``: list the routes with compiled reads, and the reason for each one without."""

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand
from django.urls import URLPattern, get_resolver

from speedups.reads.guard import check_site, compile_view
from speedups.reads.parts import NotCompiledError


class Command(BaseCommand):
    """Prints one line per route."""

    help = "Print for each route whether its reads are compiled, or the reason that they are not."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the routes."""
        for route, view in _routes("", get_resolver().url_patterns):
            try:
                check_site()
                result = f"compiled ({compile_view(view).action})"
            except NotCompiledError as reason:
                result = f"not compiled: {reason}"
            self.stdout.write(f"{route}: {result}")


def _routes(prefix: str, patterns: list[Any]) -> Iterator[tuple[str, Any]]:
    for one in patterns:
        route = f"{prefix}{one.pattern}"
        if isinstance(one, URLPattern):
            yield route, one.callback
        else:
            yield from _routes(route, one.url_patterns)
