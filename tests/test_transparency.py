"""The gateway returns the responses of the services unchanged."""

import http.client
from typing import NamedTuple

import pytest

from tests.api import TIMEOUT_SECONDS, make_order

# Fields that each hop sets itself (RFC 9110, section 7.6.1), and the request id, which differs between requests.
OF_ONE_HOP = {"connection", "date", "keep-alive", "server", "transfer-encoding", "via", "x-request-id"}


class Received(NamedTuple):
    """The parts of a response that must arrive unchanged."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def exchange(service, method, target, host, body=None):
    """Send a request with exactly this target and ``Host``, which client libraries would normalise."""
    connection = http.client.HTTPConnection(service.address.host, service.address.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", host)
        connection.putheader("Accept", "application/json")
        if body is not None:
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        request_id = response.headers["X-Request-ID"].encode()
        headers = [(name.lower(), value) for name, value in response.getheaders()]
        return Received(
            response.status,
            sorted(pair for pair in headers if pair[0] not in OF_ONE_HOP),
            response.read().replace(request_id, b"REQUEST-ID"),
        )
    finally:
        connection.close()


REQUESTS = [
    ("GET", "/users/{user}"),
    ("GET", "/users/{user}/"),
    ("HEAD", "/users/{user}"),
    ("GET", "/users?id__in={user}"),
    ("GET", "/users?search=%22John%22&ordering=-id&page_size=1"),
    ("GET", "/users?"),
    ("GET", "/users?page_size=abc"),
    ("GET", "/users/%7Euser"),
    ("GET", "/users/a%2Fb"),
    ("GET", "/users//{user}"),
    ("GET", "/users/./{user}"),
    ("GET", "/users/../users/{user}"),
    ("GET", "/users/%C3%A9%FF"),
    ("GET", "/users/0"),
    ("OPTIONS", "/users"),
    ("DELETE", "/users"),
    ("PUT", "/users/{user}"),
    ("GET", "/orders/{order}"),
    ("GET", "/orders?user_id={user}"),
    ("POST", "/orders"),
    ("GET", "/admin/user/"),
    ("GET", "/admin/order"),
    ("GET", "/static/user/rest_framework/css/default.css"),
    ("GET", "/static/order/admin/css/base.css"),
    ("HEAD", "/static/order/admin/css/base.css"),
    ("GET", "/static/order/nothing.css"),
]


@pytest.mark.parametrize(("method", "target"), REQUESTS, ids=map(" ".join, REQUESTS))
def test_response_is_the_same_through_the_gateway(system, gateway, method, target):
    order = make_order(gateway)
    target = target.format(user=order["user_id"], order=order["id"])
    owner = system.order if "order" in target.split("?")[0] else system.user
    body = b'{"wrong": 1}' if method in ("POST", "PUT") else None
    host = system.gateway.address.bind

    direct = exchange(owner, method, target, host, body)
    proxied = exchange(system.gateway, method, target, host, body)

    assert proxied == direct
