"""The view that stands for every path of the routes."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from chassis.problems import problem_response
from chassis.request_id import current_request_id
from proxy.errors import GatewayError
from proxy.exchange import Exchange
from proxy.gateway import gateway
from proxy.received import received


def forward(request: HttpRequest) -> HttpResponseBase:
    """Answer with what the upstream of the path's route answers, or with a problem."""
    try:
        sent = received(request)
        route = gateway().route(request.path_info, sent.head.method)
        return Exchange(gateway().upstreams[route.upstream], route, sent, current_request_id()).run()
    except GatewayError as error:
        return problem_response(request, error.status, error.code, error.detail, error.headers)
