"""A server in the user service's place that behaves as a test says."""

import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from devservers.ports import Address, find_free_port

LONGEST_SECONDS = 30.0  # that a conversation lasts, however badly a test goes
NO_LINGER = struct.pack("ii", 1, 0)  # closing sends a reset


@dataclass(frozen=True)
class Conversation:
    """One request, and the connection to answer it on, which is closed afterwards."""

    connection: socket.socket
    user_id: int
    is_over: threading.Event  # set when the server changes its behaviour

    def send(self, status: str, content_type: str, body: str) -> None:
        """Send an answer."""
        head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        self.connection.sendall(f"{head}Connection: close\r\n\r\n{body}".encode())


Behaviour = Callable[[Conversation], None]


def know_everybody(conversation: Conversation) -> None:
    """Answer as the user service does about a user that exists."""
    conversation.send("200 OK", "application/json", json.dumps({"id": conversation.user_id}))


def stall(conversation: Conversation) -> None:
    """Never answer."""
    conversation.is_over.wait(LONGEST_SECONDS)


def hesitate(conversation: Conversation) -> None:
    """Answer as ``know_everybody``, but not before the behaviour is changed."""
    conversation.is_over.wait(LONGEST_SECONDS)
    know_everybody(conversation)


def drip(conversation: Conversation) -> None:
    """Send a good answer, a byte a second."""
    for byte in b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n":
        conversation.connection.sendall(bytes([byte]))
        if conversation.is_over.wait(1.0):
            return


def fail(conversation: Conversation) -> None:
    """Answer 500."""
    conversation.send("500 Internal Server Error", "text/html", "<h1>Server Error (500)</h1>")


def talk_nonsense(conversation: Conversation) -> None:
    """Answer with what is not HTTP."""
    conversation.connection.sendall(b"\x16\x03\x01\x00\xff404 Not Found\r\n\x00\r\n\r\n")


def answer_with_a_page(conversation: Conversation) -> None:
    """Answer 200 with what is not a user."""
    conversation.send("200 OK", "text/html", "<p>Everything is fine.</p>")


def miss_the_address(conversation: Conversation) -> None:
    """Answer 404 as a server does that knows nothing of users."""
    conversation.send("404 Not Found", "text/html", "<h1>Not Found</h1>")


def confuse_users(conversation: Conversation) -> None:
    """Answer with another user than the one that was asked for."""
    conversation.send("200 OK", "application/json", json.dumps({"id": conversation.user_id + 1}))


def reset(conversation: Conversation) -> None:
    """Reset the connection."""
    conversation.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)


class StandIn:
    """The server; it counts the connections that it accepts."""

    def __init__(self) -> None:
        self.address = Address("127.0.0.1", find_free_port())
        self.connections = 0
        self._behaviour: Behaviour = know_everybody
        self._is_over = threading.Event()
        self._listener: socket.socket | None = None

    def become(self, behaviour: Behaviour) -> None:
        """Behave like this from now on, and end the conversations that go on."""
        over, self._is_over = self._is_over, threading.Event()
        self._behaviour = behaviour
        over.set()

    def start(self) -> None:
        """Listen, again where it did before."""
        self._listener = socket.create_server((self.address.host, self.address.port), backlog=128)
        threading.Thread(target=self._serve, args=[self._listener], daemon=True).start()

    def stop(self) -> None:
        """Close the port: connections are refused."""
        self.become(self._behaviour)
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            self._listener.close()
            self._listener = None

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._converse, args=[connection], daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(LONGEST_SECONDS)
            head = b""
            while b"\r\n\r\n" not in head:
                received = connection.recv(65536)
                if not received:
                    return
                head += received
            asked = re.match(rb"GET /users/(\d+) ", head)
            assert asked, head
            self._behaviour(Conversation(connection, int(asked[1]), self._is_over))


@contextmanager
def running_stand_in() -> Iterator[StandIn]:
    """Run a stand-in."""
    stand_in = StandIn()
    stand_in.start()
    try:
        yield stand_in
    finally:
        stand_in.stop()
