from contextlib import contextmanager

import pytest

from tests.process import Gateway, configuration, free_port, started
from tests.upstream import Upstream


@pytest.fixture(scope="session")
def session_upstream():
    upstream = Upstream()
    yield upstream
    upstream.close()


@pytest.fixture
def upstream(session_upstream):
    """The server behind ``gateway``, reset before each test."""
    session_upstream.reset()
    return session_upstream


@pytest.fixture(scope="session")
def late_port():
    """A port without a listener until a test starts one."""
    return free_port()


@contextmanager
def gateway_of_session(session_upstream, tmp_path_factory, route="", more="", **environment):
    # Keeps the circuit closed after tests in which the upstream fails.
    settings = configuration(session_upstream.url, route=route, upstream="breaker_failures = 100000")
    with started(tmp_path_factory.mktemp("gateway"), settings + more, **environment) as gateway:
        yield gateway


@pytest.fixture(scope="session")
def session_gateway(session_upstream, late_port, tmp_path_factory):
    late = configuration(f"http://127.0.0.1:{late_port}", name="late")
    with gateway_of_session(session_upstream, tmp_path_factory, more=late) as gateway:
        yield gateway


@pytest.fixture(scope="session")
def streaming_gateway(session_upstream, tmp_path_factory):
    """Like ``gateway``, with a route that streams request bodies."""
    with gateway_of_session(session_upstream, tmp_path_factory, "request_buffering = false") as gateway:
        yield gateway


@pytest.fixture
def gateway(session_gateway):
    """A gateway with a catch-all route, one process and a one-second read timeout; ``/late`` leads to ``late_port``."""
    return session_gateway


@pytest.fixture(scope="session")
def inner_gateway(session_upstream, tmp_path_factory):
    own = configuration(session_upstream.url, name="own", upstream="preserve_host = false")
    environment = {
        "TRUSTED_PROXIES": "10.0.0.0/8,127.0.0.1",
        "HTTPS_ONLY": "true",
        "ALLOWED_ORIGINS": "https://a.example,https://B.example:8443",
        "SERVICE_TOKEN": "new,old",
        "ACCESS_LOG": "false",
        "http_proxy": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }
    with gateway_of_session(session_upstream, tmp_path_factory, more=own, **environment) as gateway:
        yield gateway


@pytest.fixture
def inner(inner_gateway, upstream):
    """A gateway behind trusted proxies that speak TLS to clients; ``/own`` sends the upstream its own host."""
    return inner_gateway


@pytest.fixture(scope="session")
def running():
    """The gateways that ``share`` has started, by their settings."""
    gateways = {}
    yield gateways
    for gateway in gateways.values():
        gateway.stop()


@pytest.fixture
def share(running, tmp_path_factory):
    """Like ``start``, but tests with the same settings share one gateway, which they must not change."""

    def share_gateway(configuration, **environment):
        key = configuration, *sorted(environment.items())
        if key not in running:
            running[key] = Gateway(tmp_path_factory.mktemp("gateway"), configuration, **environment).wait()
        running[key].begin_log()
        return running[key]

    return share_gateway


@pytest.fixture
def start(tmp_path):
    """Start a gateway for one test: ``start(configuration, workers=1, **environment)``."""
    started = []

    def start_gateway(*args, **kwargs):
        started.append(Gateway(tmp_path, *args, **kwargs))
        return started[-1].wait()

    yield start_gateway
    for gateway in started:
        gateway.stop()
