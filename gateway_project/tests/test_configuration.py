"""The routes file: its settings, and the messages for invalid ones."""

import pytest
from django.core.checks import ERROR, run_checks

from proxy.configuration import ConfigurationError, read
from proxy.routes import Route, RouteTable
from tests.process import PROJECT, Gateway
from tests.tls import AUTHORITY

UPSTREAM = '[upstreams.a]\nurls = ["http://127.0.0.1:1"]\n'
SECURE = '[upstreams.a]\nurls = ["https://127.0.0.1:1"]\n'
ROUTE = '[[routes]]\npath = "/x"\nupstream = "a"\n'


def write(tmp_path, text):
    file = tmp_path / "gateway.toml"
    file.write_text(text)
    return file


def test_missing_settings_have_defaults(tmp_path):
    configuration = read(write(tmp_path, UPSTREAM + ROUTE))

    upstream = configuration.upstreams["a"]
    assert (upstream.connect_timeout, upstream.read_timeout, upstream.total_timeout) == (1.0, 10.0, None)
    assert upstream.preserve_host is True
    assert configuration.routes == (Route("/x", "a"),)


def test_every_setting_is_read(tmp_path):
    text = """
    [upstreams.a]
    urls = ["http://127.0.0.1:1", "http://[::1]:2", "http://my_host.example./"]
    connect_timeout = 2
    read_timeout = 3.5
    total_timeout = 60
    preserve_host = false
    probe_path = "/alive"
    tunnel_idle_timeout = 60
    max_tunnels = 9
    breaker_failures = 7
    breaker_seconds = 8.0
    [[routes]]
    path = "/"
    methods = ["GET", "PROPFIND"]
    upstream = "a"
    max_body = "2 MiB"
    rate_limit = "5/minute"
    request_buffering = false
    websockets = true
    cors_origins = ["https://Shop.example", "http://localhost:3001"]
    """
    configuration = read(write(tmp_path, text))

    upstream = configuration.upstreams["a"]
    assert [(url.hostname, url.port) for url in upstream.addresses] == [
        ("127.0.0.1", 1),
        ("::1", 2),
        ("my_host.example.", None),
    ]
    assert (upstream.tunnel_idle_timeout, upstream.max_tunnels) == (60.0, 9)
    (route,) = configuration.routes
    assert (route.methods, route.max_body, route.rate_limit) == (("GET", "PROPFIND"), 2 * 2**20, (5, 60))
    assert (route.request_buffering, route.websockets) == (False, True)
    assert route.cors_origins == ("https://shop.example", "http://localhost:3001")


def test_environment_variables_are_substituted(tmp_path, monkeypatch):
    monkeypatch.setenv("ONE", "http://one:1")
    monkeypatch.delenv("TWO", raising=False)
    text = '[upstreams.a]\nurls = ["${ONE}", "${TWO:-http://two:2}"]\n'
    text += 'read_timeout = "${TWO:-2.5}"\nbreaker_failures = "${TWO:-7}"\npreserve_host = "${TWO:-false}"\n'

    upstream = read(write(tmp_path, text)).upstreams["a"]

    assert upstream.urls == ("http://one:1", "http://two:2")
    assert (upstream.read_timeout, upstream.breaker_failures, upstream.preserve_host) == (2.5, 7, False)


@pytest.mark.parametrize("path", ["/.well-known", "/.well-known/acme-challenge", "/..a", "/a/...", "/a."])
def test_route_of_a_path_with_dots(tmp_path, path):
    text = UPSTREAM + ROUTE.replace("/x", path)

    assert RouteTable(read(write(tmp_path, text)).routes).match(f"{path}/x").path == path


def test_authorities_are_read_relative_to_the_file(tmp_path):
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")

    ca_file = read(write(tmp_path, SECURE + 'ca_file = "ca.pem"\n')).upstreams["a"].ca_file

    assert ca_file.path == str(tmp_path / "ca.pem")
    assert ca_file.certificates == AUTHORITY.cert_pem.bytes().decode().strip()


WRONG = {
    "no TOML": ("[a\n", "line 1"),
    "unknown key at the top": ("route = 1\n", "route: unknown key"),
    "unknown key of an upstream": (UPSTREAM + "timeout = 1\n", "upstreams.a.timeout: unknown key"),
    "unknown key of a route": (UPSTREAM + ROUTE + "method = 1\n", "routes[1].method: unknown key"),
    "no urls": ("[upstreams.a]\n", "upstreams.a.urls: is required"),
    "empty urls": ("[upstreams.a]\nurls = []\n", "upstreams.a.urls: must be a list of at least one string"),
    "no address": (
        '[upstreams.a]\nurls = ["localhost:1"]\n',
        'upstreams.a.urls: "localhost:1" is not an address',
    ),
    "another scheme": ('[upstreams.a]\nurls = ["ftp://h"]\n', "is not an address"),
    "authorities without https": (
        UPSTREAM + 'ca_file = "ca.pem"\n',
        "a.ca_file: no address in urls begins with https",
    ),
    "authorities that are missing": (SECURE + 'ca_file = "no.pem"\n', 'no.pem" cannot be read: No such file'),
    "authorities that are none": (SECURE + 'ca_file = "gateway.toml"\n', 'gateway.toml" contains no valid PEM'),
    "address with a path": ('[upstreams.a]\nurls = ["http://h/p"]\n', "is not an address"),
    "address with a user": ('[upstreams.a]\nurls = ["http://u@h"]\n', "is not an address"),
    "address with a bad port": ('[upstreams.a]\nurls = ["http://h:65536"]\n', "upstreams.a.urls: Port"),
    "address with a bad host": ('[upstreams.a]\nurls = ["http://a,b"]\n', '"http://a,b" is not an address'),
    "address with a control character": ('[upstreams.a]\nurls = ["http://a\\u0001b"]\n', "is not an address"),
    "address that is not ASCII": ('[upstreams.a]\nurls = ["http://b\u00fccher"]\n', "is not an address"),
    "malformed variable": (
        '[upstreams.a]\nurls = ["http://${USER-HOST}:80"]\n',
        "upstreams.a.urls: a variable must be written as ${NAME}",
    ),
    "variable without an end": ('[upstreams.a]\nurls = ["http://${HOST"]\n', "a variable must be written as"),
    "one address twice": ('[upstreams.a]\nurls = ["http://h", "http://h"]\n', "contains the same address twice"),
    "unset variable": ('[upstreams.a]\nurls = ["${NOT_SET_ANYWHERE}"]\n', "NOT_SET_ANYWHERE is not set"),
    "timeout of zero": (
        UPSTREAM + "read_timeout = 0\n",
        "upstreams.a.read_timeout: must be a number of seconds",
    ),
    "timeout in words": (
        UPSTREAM + 'read_timeout = "1s"\n',
        "upstreams.a.read_timeout: must be a number of seconds",
    ),
    "yes for true": (
        UPSTREAM + 'preserve_host = "yes"\n',
        "upstreams.a.preserve_host: must be true or false",
    ),
    "no whole number": (
        UPSTREAM + "breaker_failures = 1.5\n",
        "upstreams.a.breaker_failures: must be a whole number",
    ),
    "probe without slash": (UPSTREAM + 'probe_path = "x"\n', "upstreams.a.probe_path:"),
    "upstreams as a list": ("upstreams = []\n", "upstreams: must be a table"),
    "routes as a table": ("[routes]\n", "routes: must be an array"),
    "no path": (UPSTREAM + '[[routes]]\nupstream = "a"\n', "routes[1].path: is required"),
    "path without slash": (
        UPSTREAM + '[[routes]]\npath = "x"\nupstream = "a"\n',
        'routes[1].path: "x" is not a path',
    ),
    "path with a slash at the end": (
        UPSTREAM + '[[routes]]\npath = "/x/"\nupstream = "a"\n',
        "must be plain segments",
    ),
    "path that is the gateway's": (
        UPSTREAM + '[[routes]]\npath = "/health"\nupstream = "a"\n',
        "reserved for the gateway",
    ),
    "unknown upstream": (ROUTE, 'routes[1].upstream: "a" is not an upstream'),
    "a path twice": (UPSTREAM + ROUTE + ROUTE, 'routes[2].path: "/x" is already used by routes[1]'),
    "no method": (UPSTREAM + ROUTE + 'methods = ["G T"]\n', 'routes[1].methods: "G T" is not a method'),
    "no unit": (
        UPSTREAM + ROUTE + 'max_body = "5"\n',
        'routes[1].max_body: "5" is not a size such as "1 MiB"',
    ),
    "unknown unit": (UPSTREAM + ROUTE + 'max_body = "5 Mb"\n', 'routes[1].max_body: "5 Mb" is not a size'),
    "size as a number": (UPSTREAM + ROUTE + "max_body = 5\n", "routes[1].max_body: must be a string"),
    "unknown time": (
        UPSTREAM + ROUTE + 'rate_limit = "5/week"\n',
        'routes[1].rate_limit: "5/week" is not a rate',
    ),
    "no boolean": (UPSTREAM + ROUTE + "websockets = 1\n", "routes[1].websockets: must be true or false"),
    "WebSockets without GET": (
        UPSTREAM + ROUTE + 'methods = ["POST"]\nwebsockets = true\n',
        "routes[1].websockets: GET, which opens a WebSocket, is not among methods",
    ),
    "no tunnels": (UPSTREAM + "max_tunnels = 0\n", "upstreams.a.max_tunnels: must be a whole number"),
    "tunnels without idle timeout": (
        UPSTREAM + "tunnel_idle_timeout = 0\n",
        "upstreams.a.tunnel_idle_timeout: must be a number",
    ),
    "wildcard origin": (
        UPSTREAM + ROUTE + 'cors_origins = ["*"]\n',
        'routes[1].cors_origins: "*" is not an origin',
    ),
    "origin with a path": (UPSTREAM + ROUTE + 'cors_origins = ["http://a/"]\n', '"http://a/" is not an origin'),
    "origin with its port": (
        UPSTREAM + ROUTE + 'cors_origins = ["https://a:443"]\n',
        '"https://a:443" is not an origin',
    ),
    "origin as a text": (
        UPSTREAM + ROUTE + 'cors_origins = "http://a"\n',
        "cors_origins: must be a list of at least one string",
    ),
    "no rate": (UPSTREAM + ROUTE + 'rate_limit = "0/hour"\n', "routes[1].rate_limit:"),
}


@pytest.mark.parametrize("name", WRONG)
def test_error_names_file_key_and_reason(tmp_path, name):
    text, explanation = WRONG[name]
    file = write(tmp_path, text)
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")

    with pytest.raises(ConfigurationError) as raised:
        read(file)

    assert str(raised.value).startswith(f"{file}: ")
    assert explanation in str(raised.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml"):
        read(tmp_path / "nowhere.toml")


def test_routes_file_of_the_project_is_valid():
    paths = {route.path for route in read(PROJECT / "gateway.toml").routes}

    assert paths >= {"/users", "/orders", "/admin/user", "/admin/order", "/static/user", "/static/order"}


def test_gateway_does_not_start_with_an_invalid_file(tmp_path):
    gateway = Gateway(tmp_path, UPSTREAM + "oops = 1\n")

    assert gateway.process.wait(10) != 0
    assert f"{gateway.file}: upstreams.a.oops: unknown key" in gateway.log
    assert "Traceback" not in gateway.log


ROUTES = RouteTable([Route("/a", "a"), Route("/a/b", "ab"), Route("/c", "c")])


@pytest.mark.parametrize(
    ("path", "upstream"),
    [
        ("/a", "a"),
        ("/a/", "a"),
        ("/a/x/y", "a"),
        ("/a/b", "ab"),
        ("/a/b/c", "ab"),
        ("/a/bc", "a"),
        ("/ab", None),
        ("/", None),
        ("//a", None),
        ("/c/./x", "c"),
        ("/a/b/../b/c", "ab"),
        ("/a/../c", None),
        ("/a/b/../x", None),
        ("/x/../c", None),
        ("/a/b#c", None),
        ("/a/x#/../c", "a"),
        ("/..", None),
        ("", None),
    ],
)
def test_route_matches_its_path_and_everything_below(path, upstream):
    route = ROUTES.match(path)

    assert (route.upstream if route else None) == upstream


def test_catch_all_matches_everything_else():
    table = RouteTable([Route("/a", "a"), Route("/", "rest")])

    assert [table.match(path).upstream for path in ("/a", "/", "/b", "/x/../c", "*", "//")] == ["a"] + ["rest"] * 5
    assert [table.match(path) for path in ("//a", "/./a", "/x/..//a", "/a#b", "/x/../a#/..")] == [None] * 5


def checked(file, monkeypatch):
    """Return the messages of ``manage.py check`` about the routes file."""
    monkeypatch.setenv("GATEWAY_CONFIG", str(file))
    return [(found.id, found.level, found.msg) for found in run_checks()]


def test_check_reports_an_invalid_file(tmp_path, monkeypatch):
    file = write(tmp_path, UPSTREAM + "oops = 1\n")

    assert checked(file, monkeypatch) == [("proxy.E001", ERROR, f"{file}: upstreams.a.oops: unknown key")]


def test_check_passes_with_a_valid_file(tmp_path, monkeypatch):
    assert checked(write(tmp_path, UPSTREAM + ROUTE), monkeypatch) == []
