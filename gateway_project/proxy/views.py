"""The view that forwards requests."""

from typing import TYPE_CHECKING

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from observability.request_id import current_request_id
from problems.responses import problem_response
from proxy.cors import preflight_response, set_cors_headers
from proxy.cross_site import check_origin
from proxy.errors import GatewayError
from proxy.exchange import Exchange
from proxy.gateway import gateway
from proxy.limits import check_body_size, check_method
from proxy.max_forwards import respond_here
from proxy.received import received

if TYPE_CHECKING:
    from http1.fields import Fields
    from proxy.routes import Route


def forward(request: HttpRequest) -> HttpResponseBase:
    """Return the response of the upstream, or a problem."""
    active, original = gateway(), received(request)
    route: Route | None = None
    response: HttpResponseBase | None
    limit_fields: Fields = []
    try:
        route = active.route(request.path_info)
        original.route = route.path
        response = preflight_response(route, original.head)
        if response is None:
            check_method(route, original.head.method)
            check_origin(original, route)
            if active.authenticator:
                active.authenticator.check(route, original)
            limit_fields = active.rate_limiter.check(route, original)
            check_body_size(route, original.head)
            exchange = Exchange(active.upstreams[route.upstream], route, original, current_request_id())
            response = respond_here(original.head, route) or exchange.run()
    except GatewayError as error:
        response = problem_response(request, error.status, error.code, error.detail, error.headers)
        response._has_been_logged = True  # type: ignore[attr-defined] # noqa: SLF001 -- Django's flag, prevents a second log line
    for name, value in limit_fields:
        response[name] = value
    if route and route.cors_origins:
        set_cors_headers(response, route, original.head)
    return response
