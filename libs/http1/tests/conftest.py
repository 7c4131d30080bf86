import socket

import pytest

from http1.stream import Stream


@pytest.fixture
def pair():
    """The two ends of a connection: ours and the peer's."""
    ours, peer = socket.socketpair()
    with ours, peer:
        ours.settimeout(5)
        peer.settimeout(5)
        yield ours, peer


@pytest.fixture
def ours(pair):
    return pair[0]


@pytest.fixture
def peer(pair):
    return pair[1]


@pytest.fixture
def stream(ours):
    return Stream(ours)
