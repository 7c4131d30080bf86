"""A stand-in for the user service whose responses a test chooses."""

import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from devservers.ports import Address, find_free_port

LONGEST_SECONDS = 30.0  # limit of a conversation, even if a test hangs
NO_LINGER = struct.pack("ii", 1, 0)  # makes close() send a reset


@dataclass(frozen=True)
class Conversation:
    """A request and its connection, which is closed after the response."""

    connection: socket.socket
    user_id: int
    is_over: threading.Event  # set when the stand-in's behaviour is changed

    def send(self, status: str, content_type: str, body: str) -> None:
        """Send a response."""
        head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        self.connection.sendall(f"{head}Connection: close\r\n\r\n{body}".encode())


Behaviour = Callable[[Conversation], None]


def confirm_every_user(conversation: Conversation) -> None:
    """Respond that the user exists."""
    conversation.send("200 OK", "application/json", json.dumps({"id": conversation.user_id}))


def stall(conversation: Conversation) -> None:
    """Send no response."""
    conversation.is_over.wait(LONGEST_SECONDS)


def respond_late(conversation: Conversation) -> None:
    """Respond as ``confirm_every_user`` does, once the behaviour is changed."""
    conversation.is_over.wait(LONGEST_SECONDS)
    confirm_every_user(conversation)


def drip(conversation: Conversation) -> None:
    """Send a valid response, two bytes a second."""
    for byte in b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n":
        conversation.connection.sendall(bytes([byte]))
        if conversation.is_over.wait(0.5):
            return


def respond_500(conversation: Conversation) -> None:
    """Respond with a 500."""
    conversation.send("500 Internal Server Error", "text/html", "<h1>Server Error (500)</h1>")


def send_garbage(conversation: Conversation) -> None:
    """Send bytes that are not HTTP."""
    conversation.connection.sendall(b"\x16\x03\x01\x00\xff404 Not Found\r\n\x00\r\n\r\n")


def respond_with_html(conversation: Conversation) -> None:
    """Respond with a 200 whose body is an HTML page."""
    conversation.send("200 OK", "text/html", "<p>Everything is fine.</p>")


def respond_404_without_problem(conversation: Conversation) -> None:
    """Respond with a 404 that is not a problem, as a server without this route does."""
    conversation.send("404 Not Found", "text/html", "<h1>Not Found</h1>")


def respond_with_another_user(conversation: Conversation) -> None:
    """Respond with a user other than the requested one."""
    conversation.send("200 OK", "application/json", json.dumps({"id": conversation.user_id + 1}))


def reset(conversation: Conversation) -> None:
    """Reset the connection."""
    conversation.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)


class StandIn:
    """The server; counts the connections that it accepts."""

    def __init__(self) -> None:
        self.address = Address("127.0.0.1", find_free_port())
        self.connections = 0
        self._behaviour: Behaviour = confirm_every_user
        self._is_over = threading.Event()
        self._listener: socket.socket | None = None

    def become(self, behaviour: Behaviour) -> None:
        """Change the behaviour, and end current conversations."""
        over, self._is_over = self._is_over, threading.Event()
        self._behaviour = behaviour
        over.set()

    def start(self) -> None:
        """Listen, always on the same port."""
        self._listener = socket.create_server((self.address.host, self.address.port), backlog=128)
        threading.Thread(target=self._serve, args=[self._listener], daemon=True).start()

    def stop(self) -> None:
        """Close the port: connections are refused."""
        self.become(self._behaviour)
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # wakes the accepting thread
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
            request = re.match(rb"GET /users/(\d+) ", head)
            assert request, head
            self._behaviour(Conversation(connection, int(request[1]), self._is_over))


@contextmanager
def running_stand_in() -> Iterator[StandIn]:
    """Run a stand-in for the user service."""
    stand_in = StandIn()
    stand_in.start()
    try:
        yield stand_in
    finally:
        stand_in.stop()
