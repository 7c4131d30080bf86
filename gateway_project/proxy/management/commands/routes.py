"""``manage.py routes``: print the active routes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from proxy import current
from proxy.authentication.scopes import describe_scopes
from proxy.configuration import Configuration
from proxy.routes import Route

_HEAD = ("PATH", "METHODS", "UPSTREAM", "MAX BODY", "RATE LIMIT", "CORS", "WEBSOCKETS", "SCOPES")


class Command(BaseCommand):
    """Prints one line per route, with the URLs of its upstream."""

    help = "Print the active routes and their upstreams."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the routes."""
        try:
            configuration = current.current().configuration
        except current.ConfigurationError as error:
            raise CommandError(str(error)) from error
        rows = [_HEAD, *(_row(route, configuration) for route in configuration.routes)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
        for row in rows:
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.stdout.write(line.rstrip())


def _row(route: Route, configuration: Configuration) -> tuple[str, ...]:
    urls = ", ".join(configuration.upstreams[route.upstream].urls)
    return (
        route.path,
        ",".join(route.methods) if route.methods else "any",
        f"{route.upstream} ({urls})",
        "any" if route.max_body is None else f"{route.max_body} B",
        "none" if route.rate_limit is None else str(route.rate_limit),
        ", ".join(route.cors_origins) or "none",
        "yes" if route.websockets else "no",
        describe_scopes(route),
    )
