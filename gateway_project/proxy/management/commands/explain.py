"""``manage.py explain METHOD PATH``: explain how a request would be routed."""

from typing import Any
from urllib.parse import unquote

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import resolve

from proxy.authentication.credentials import credential_of
from proxy.authentication.scopes import needed_scopes
from proxy.current import ConfigurationError
from proxy.errors import GatewayError
from proxy.gateway import Gateway
from proxy.limits import check_method
from proxy.routes import Route
from proxy.views import forward


class Command(BaseCommand):
    """Prints the route and the upstream of a request, or the reason for its rejection."""

    help = "Explain how the gateway would handle a request."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the arguments for method and path."""
        parser.add_argument("method", metavar="METHOD")
        parser.add_argument("path", metavar="PATH", help="as in the request, percent-encoded, with or without a query")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the explanation."""
        method, target = options["method"], options["path"]
        if not target.startswith("/"):
            raise CommandError('PATH must begin with "/"')
        path = unquote(target.partition("?")[0])
        try:
            gateway = Gateway()
            if _is_own(gateway, path):
                self.stdout.write(f"The gateway responds itself: {path} is not forwarded.")
            else:
                self._explain(gateway, method, path, target)
        except ConfigurationError as error:
            raise CommandError(str(error)) from error

    def _explain(self, gateway: Gateway, method: str, path: str, target: str) -> None:
        try:
            route = gateway.route(path)
            check_method(route, method)
            access = _access(gateway, route, method, target)
        except GatewayError as error:
            self.stdout.write(f"Refused with {error.status} ({error.code}): {error.detail}")
            return
        upstream = gateway.upstreams[route.upstream].settings
        host = "the client's" if upstream.preserve_host else "the upstream's own"
        total = f", {upstream.total_timeout:g} s in all" if upstream.total_timeout else ""
        self.stdout.write(f"Route     {route.path}")
        self.stdout.write(f"Upstream  {route.upstream}, {' or '.join(upstream.urls)}")
        if upstream.uses_tls:
            authorities = f"in {upstream.ca_file.path}" if upstream.ca_file else "of the system"
            self.stdout.write(f"TLS       certificates are verified with the authorities {authorities}")
        self.stdout.write(f"Sends     {method} {target} HTTP/1.1, with {host} Host")
        self.stdout.write(
            f"Waits     {upstream.connect_timeout:g} s to connect, {upstream.read_timeout:g} s between bytes{total}"
        )
        self.stdout.write(f"Access    {access}")
        size = "of any size" if route.max_body is None else f"up to {route.max_body} bytes"
        arrives = "buffered" if route.request_buffering else "streamed"
        self.stdout.write(f"Body      {size}, {arrives}")
        self.stdout.write(
            f"Rate      {'not limited' if route.rate_limit is None else f'{route.rate_limit} per client'}"
        )
        if route.websockets:
            self.stdout.write(f"WebSocket allowed, closed after {upstream.tunnel_idle_timeout:g} s without a byte")
        origins = ", ".join(route.cors_origins)
        self.stdout.write(f"CORS      {f'pages of {origins}' if origins else 'not set by the gateway'}")


def _is_own(gateway: Gateway, path: str) -> bool:
    """Return whether ``path`` belongs to the gateway: to ``/health``, or to the portal if it is exposed."""
    if path == "/" and any(route.path == "/" for route in gateway.current.configuration.routes):
        return False
    return resolve(path).func is not forward


def _access(gateway: Gateway, route: Route, method: str, target: str) -> str:
    """Describe the credentials that the request needs.

    Raises:
        GatewayError: no scope covers the method, or the query has a credential.
    """
    if not gateway.current.configuration.auth.enabled:
        return "open to everyone: [auth] is not enabled"
    if route.public:
        return "open to everyone: the route is public"
    credential_of(target, [])
    scopes = " and ".join(sorted(needed_scopes(route, method)))
    session = f", or the cookie {route.session_cookie}" if route.session_cookie else ""
    return f"an access token or API key with {scopes}{session}"
