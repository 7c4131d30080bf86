"""Exchanges of random messages with running servers: a raw client, and an upstream that validates requests."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import h11
import psutil

from devservers.ports import Address
from http1.stream import skip_empty_lines
from tests.fuzzing.parsers import Message, RefusedError, codec_request, h11_response

SECONDS = 10.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
OK_TO_HEAD = OK.removesuffix(b"ok")
_ASCII = bytes(range(128)) + b"x" * 128  # h11 rejects raw bytes in a target, which the gateway forwards unchanged
FAILURES = (501, 502, 504, 505)  # the 5xx statuses that a random message may cause


def exchange(address: Address, data: bytes) -> bytes:
    """Send ``data``, half-close the connection, and return the received bytes until the server closes it."""
    received = b""
    with socket.create_connection((address.host, address.port), SECONDS) as client:
        try:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # rejected before all was sent; the response can still be read
        with contextlib.suppress(ConnectionResetError):
            while piece := client.recv(65_536):
                received += piece
    return received


def requests_in(data: bytes) -> Iterator[bytes]:
    """Yield the method of each request in ``data``, including a rejected or incomplete one at its end."""
    while data:
        try:
            message = codec_request(data)
        except RefusedError:
            message = None
        if message is None:
            break
        yield message.start
        data = data[message.end :]
    if data := skip_empty_lines(data):
        yield data.partition(b" ")[0]


def responses_in(received: bytes, methods: list[bytes]) -> list[Message]:
    """Return the final responses in ``received``, which a server sent to requests with ``methods``.

    Raises:
        AssertionError: ``received`` is not a sequence of complete responses to these requests.
    """
    final = []
    while received:
        assert len(final) < len(methods), f"more responses than requests: {received!r}"
        message = h11_response(received, b"HEAD" if methods[len(final)] == b"HEAD" else b"GET")
        assert message is not None, f"incomplete: {received!r}"
        if not message.start.startswith(b"1"):
            final.append(message)
        received = received[message.end :]
    return final


class Upstream:
    """A server on loopback. ``respond`` returns the bytes of each response, and whether to close the connection.

    ``violations`` lists the received requests that h11 rejects.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.violations: list[str] = []
        self.respond: Callable[[h11.Request], tuple[bytes, bool]] = respond_ok
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Close the listening socket."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        unread = b""
        with client, contextlib.suppress(OSError):
            client.settimeout(SECONDS)
            while True:
                connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1_000_000)
                if unread:  # h11 treats b"" as the end of the connection
                    connection.receive_data(unread)
                request = None
                try:
                    while not isinstance(event := connection.next_event(), h11.EndOfMessage):
                        if isinstance(event, h11.Request):
                            request = event
                        elif event is h11.NEED_DATA:
                            if not (data := client.recv(65_536)):
                                return
                            connection.receive_data(data.translate(_ASCII))
                except h11.RemoteProtocolError as error:
                    self.violations.append(f"{error}: {connection.trailing_data[0]!r}")
                    return
                unread = connection.trailing_data[0]
                response, ends = self.respond(request)
                client.sendall(response)
                if ends:
                    return


def respond_ok(request: h11.Request) -> tuple[bytes, bool]:
    """Respond with a plain 200."""
    return (OK_TO_HEAD if request.method == b"HEAD" else OK), False


class Growth:
    """Compares the memory and the descriptors of a server's workers with those after its first requests."""

    MIB = 24
    DESCRIPTORS = 16

    def __init__(self, main: int) -> None:
        self._workers = psutil.Process(main).children()
        self._before: list[tuple[int, int]] = []

    def measure(self) -> list[tuple[int, int]]:
        """Return the resident bytes and open descriptors of each worker."""
        return [(worker.memory_info().rss, worker.num_fds()) for worker in self._workers]

    def begin(self) -> None:
        """Take the first measurement."""
        self._before = self.measure()

    def check(self) -> None:
        """Raise AssertionError if a worker has ended or has grown."""
        for (bytes_before, open_before), (now, open_now) in zip(self._before, self.measure(), strict=True):
            assert now - bytes_before < self.MIB * 1024 * 1024, f"grew from {bytes_before} to {now} bytes"
            assert open_now - open_before < self.DESCRIPTORS, f"grew from {open_before} to {open_now} descriptors"
