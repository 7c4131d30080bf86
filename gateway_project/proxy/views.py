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
    here, sent = gateway(), received(request)
    route: Route | None = None
    response: HttpResponseBase | None
    limit_fields: Fields = []
    try:
        route = here.route(request.path_info)
        sent.route = route.path
        response = preflight_response(route, sent.head)
        if response is None:
            check_method(route, sent.head.method)
            check_origin(sent, route)
            if here.authenticator:
                here.authenticator.check(route, sent)
            limit_fields = here.rate_limiter.check(route, sent)
            check_body_size(route, sent.head)
            upstream = here.upstreams[route.upstream]
            response = respond_here(sent.head, route) or Exchange(upstream, route, sent, current_request_id()).run()
    except GatewayError as error:
        response = problem_response(request, error.status, error.code, error.detail, error.headers)
        response._has_been_logged = True  # type: ignore[attr-defined] # noqa: SLF001 -- Django's flag, prevents a second log line
    for name, value in limit_fields:
        response[name] = value
    if route and route.cors_origins:
        set_cors_headers(response, route, sent.head)
    return response
