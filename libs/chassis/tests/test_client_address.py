from ipaddress import ip_network

import pytest
from django.http import HttpResponse

from chassis.client_address import ForwardedMiddleware, client_address

FORWARDING = {
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "1",
    "X-Forwarded-Proto": "https",
    "Forwarded": "for=203.0.113.7",
    "X-Real-IP": "203.0.113.7",
}


@pytest.fixture
def receive(rf, settings):
    """Send a request from an address through the middleware; return the request that the view receives."""
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")]
    settings.SERVICE_TOKENS = ["new", "old"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    def receive(peer, headers):
        seen = []
        middleware = ForwardedMiddleware(lambda request: seen.append(request) or HttpResponse())
        middleware(rf.get("/", headers=headers, REMOTE_ADDR=peer))
        return seen[0]

    return receive


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.7, 10.2.0.1,10.3.0.1", "203.0.113.7"),
        ("10.0.0.1", "10.1.0.1", "10.1.0.1"),
        ("::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("2001:db8::1", "2001:dead::1", "2001:dead::1"),
        ("10.0.0.1", "203.0.113.7:4711", "203.0.113.7"),
        ("10.0.0.1", "203.0.113.7:4711, 10.2.0.1:80", "203.0.113.7"),
        ("10.0.0.1", "[2001:dead::1]:4711", "2001:dead::1"),
        ("10.0.0.1", "[2001:dead::1]", "2001:dead::1"),
        ("10.0.0.1", "203.0.113.7:", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7:80:80", "10.0.0.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7, nonsense, 10.2.0.1", "10.2.0.1"),
        ("10.0.0.1", " , ", "10.0.0.1"),
        ("198.51.100.1", "203.0.113.7", "198.51.100.1"),
        ("127.0.0.1", "203.0.113.7", "127.0.0.1"),
        ("", "203.0.113.7", ""),
    ],
)
def test_client_is_the_last_address_that_is_not_a_trusted_proxy(receive, peer, forwarded, client):
    request = receive(peer, {"X-Forwarded-For": forwarded} if forwarded else {})

    assert client_address(request) == client


@pytest.mark.parametrize("token", ["new", "old"])
def test_peer_with_a_service_token_is_trusted(receive, token):
    request = receive("198.51.100.1", FORWARDING | {"X-Service-Token": token})

    assert client_address(request) == "203.0.113.7"
    assert (request.scheme, request.headers["X-Forwarded-Host"]) == ("https", "evil.example")


@pytest.mark.parametrize("headers", [{}, {"X-Service-Token": "wrong"}, {"X-Service-Token": ""}])
def test_forwarding_headers_of_an_untrusted_peer_are_removed(receive, headers):
    request = receive("198.51.100.1", FORWARDING | headers)

    assert not FORWARDING.keys() & request.headers.keys()
    assert request.scheme == "http"


def test_no_peer_is_trusted_without_tokens_and_proxies(receive, settings):
    settings.SERVICE_TOKENS, settings.TRUSTED_PROXIES = [], ()

    assert client_address(receive("127.0.0.1", FORWARDING | {"X-Service-Token": ""})) == "127.0.0.1"
