"""``manage.py routes`` and ``manage.py explain``."""

import re

import pytest
from django.core.management import CommandError, call_command

from proxy import current

FILE = """
[upstreams.one]
urls = ["http://one:1", "http://two:2"]
total_timeout = 30
preserve_host = false
[[routes]]
path = "/a"
upstream = "one"
methods = ["GET", "HEAD"]
max_body = "1 KiB"
rate_limit = "5/minute"
request_buffering = false
websockets = true
cors_origins = ["https://shop.example"]
scopes = { GET = "a:read", HEAD = "a:read a:head" }
[[routes]]
path = "/"
upstream = "one"
"""


@pytest.fixture(autouse=True)
def routes_file(tmp_path, monkeypatch):
    file = tmp_path / "gateway.toml"
    file.write_text(FILE)
    monkeypatch.setenv("GATEWAY_CONFIG", str(file))
    monkeypatch.setattr(current, "_current", None)
    return file


def test_routes_prints_the_table(capsys):
    call_command("routes")

    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == [
        "PATH",
        "METHODS",
        "UPSTREAM",
        "MAX",
        "BODY",
        "RATE",
        "LIMIT",
        "CORS",
        "WEBSOCKETS",
        "SCOPES",
    ]
    assert re.split(" {2,}", first) == [
        "/a",
        "GET,HEAD",
        "one (http://one:1, http://two:2)",
        "1024 B",
        "5/minute",
        "https://shop.example",
        "yes",
        "GET=a:read; HEAD=a:head a:read",
    ]
    assert re.split(" {2,}", second) == [
        "/",
        "any",
        "one (http://one:1, http://two:2)",
        "any",
        "none",
        "none",
        "no",
        "none",
    ]


def test_explain_prints_the_upstream_of_a_request(capsys):
    call_command("explain", "GET", "/a/%2F?x=1")

    output = capsys.readouterr().out
    for part in (
        "Route     /a\n",
        "one, http://one:1 or http://two:2",
        "GET /a/%2F?x=1 HTTP/1.1, with the upstream's own Host",
        "1 s to connect, 10 s between bytes, 30 s in all",
        "up to 1024 bytes, streamed",
        "5/minute per client",
        "WebSocket allowed, closed after 300 s without a byte\n",
        "CORS      pages of https://shop.example\n",
    ):
        assert part in output


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/a", "Refused with 405 (method_not_allowed)"),
        ("GET", "/health/live", "The gateway responds itself"),
        (
            "GET",
            "/b",
            "Body      of any size, buffered\nRate      not limited\nCORS      not set by",
        ),
    ],
)
def test_explain_prints_the_possible_errors(capsys, method, path, expected):
    call_command("explain", method, path)

    assert expected in capsys.readouterr().out


def test_explain_names_a_path_without_a_route(capsys, routes_file):
    routes_file.write_text('[upstreams.one]\nurls = ["http://one"]\n')

    call_command("explain", "GET", "/b")

    assert "Refused with 404 (no_route)" in capsys.readouterr().out


@pytest.mark.urls("portal.urls")
@pytest.mark.parametrize("path", ["/", "/-/docs?a=b"])
def test_explain_prints_that_the_portal_responds(capsys, routes_file, path):
    routes_file.write_text('[upstreams.one]\nurls = ["http://one"]\n')

    call_command("explain", "GET", path)

    assert f"The gateway responds itself: {path.partition('?')[0]} is not forwarded." in capsys.readouterr().out


@pytest.mark.urls("portal.urls")
def test_explain_prints_that_a_route_for_the_root_has_precedence_over_the_portal(capsys):
    call_command("explain", "GET", "/")

    assert "Route     /\n" in capsys.readouterr().out


def test_explain_names_the_authorities_of_certificates(capsys, routes_file):
    routes_file.write_text(FILE.replace("http://two:2", "https://two:2"))

    call_command("explain", "GET", "/b")

    assert "TLS       certificates are verified with the authorities of the system\n" in capsys.readouterr().out


def test_explain_requires_a_path():
    with pytest.raises(CommandError, match="must begin with"):
        call_command("explain", "GET", "a")


@pytest.mark.parametrize("command", [["routes"], ["explain", "GET", "/"]])
def test_invalid_file_is_explained(routes_file, command):
    routes_file.write_text("oops = 1")

    with pytest.raises(CommandError, match="oops: unknown key"):
        call_command(*command)


PROTECTED = f"""
[auth]
enabled = true
[[auth.keys]]
id = "one"
sha256 = "{"a" * 64}"
scopes = []
[upstreams.one]
urls = ["http://one:1"]
[[routes]]
path = "/a"
upstream = "one"
scopes = {{ GET = "a:read", POST = "a:read a:write" }}
session_cookie = "one_sessionid"
[[routes]]
path = "/b"
upstream = "one"
scopes = {{ default = "b" }}
[[routes]]
path = "/free"
upstream = "one"
public = true
"""


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", "/a/1", "Access    an access token or API key with a:read, or the cookie one_sessionid"),
        ("POST", "/a", "Access    an access token or API key with a:read and a:write, or the cookie one_sessionid"),
        ("PURGE", "/b", "Access    an access token or API key with b\n"),
        ("GET", "/free", "Access    open to everyone: the route is public"),
        ("GET", "/a?access_token=x", "Refused with 400 (invalid_request): Credentials in the query"),
        ("GET", "/free?access_token=x", "Access    open to everyone: the route is public"),
        ("DELETE", "/a", "Refused with 405 (method_not_allowed): DELETE has no scopes here; methods with scopes"),
    ],
)
def test_explain_prints_the_required_credentials(routes_file, monkeypatch, capsys, method, target, expected):
    monkeypatch.setenv("SERVICE_TOKEN", "token")
    routes_file.write_text(PROTECTED)

    call_command("explain", method, target)

    assert expected in capsys.readouterr().out


def test_explain_prints_that_no_credentials_are_required(capsys):
    call_command("explain", "GET", "/a")

    assert "Access    open to everyone: [auth] is not enabled" in capsys.readouterr().out


def test_routes_shows_public_routes(routes_file, monkeypatch, capsys):
    monkeypatch.setenv("SERVICE_TOKEN", "token")
    routes_file.write_text(PROTECTED)

    call_command("routes")

    scopes = [re.split(" {2,}", line)[-1] for line in capsys.readouterr().out.splitlines()]
    assert scopes == ["SCOPES", "GET=a:read; POST=a:read a:write", "default=b", "public"]
