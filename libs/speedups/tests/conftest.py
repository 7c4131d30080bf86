import contextlib

import pytest
from client import connect
from server import Server


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server"))
    try:
        yield server.wait()
    finally:
        server.stop()


@pytest.fixture
def port(shared_server):
    """The port of a server for tests that do not change its state."""
    return shared_server.port


@pytest.fixture
def new_log(shared_server):
    """Return a function that returns the server's output since the start of the test."""
    before = len(shared_server.log)
    return lambda: shared_server.log[before:]


@pytest.fixture
def start(tmp_path):
    """Start a server for one test: ``start(*options)``."""
    servers = []

    def start(*options):
        servers.append(Server(tmp_path, *options))
        return servers[-1].wait()

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def connect_many():
    """Open connections and close them after the test."""
    with contextlib.ExitStack() as stack:
        yield lambda port, number: [stack.enter_context(connect(port)) for _ in range(number)]
