import contextlib

import pytest
from client import connect
from server import Server


@pytest.fixture(scope="session")
def server_of_all(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server"))
    try:
        yield server.wait()
    finally:
        server.stop()


@pytest.fixture
def port(server_of_all):
    """The port of a server that tests share if they do not change it."""
    return server_of_all.port


@pytest.fixture
def new_log(server_of_all):
    """Return the output of that server since the start of the test."""
    before = len(server_of_all.log)
    return lambda: server_of_all.log[before:]


@pytest.fixture
def start(tmp_path):
    """Start a server of the test's own: ``start(*options)``."""
    servers = []

    def start(*options):
        servers.append(Server(tmp_path, *options))
        return servers[-1].wait()

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def connect_many():
    """Open connections that are closed after the test."""
    with contextlib.ExitStack() as stack:
        yield lambda port, number: [stack.enter_context(connect(port)) for _ in range(number)]
