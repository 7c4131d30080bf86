"""A scripted server, which can stall, reset connections and send invalid responses; records all received bytes."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Request:
    """A received request: the bytes of its head, its body as framed, and the number of its connection."""

    head: bytes
    body: bytes
    connection: int

    @property
    def line(self) -> bytes:
        return self.head.split(b"\r\n")[0]

    @property
    def target(self) -> bytes:
        return self.line.split(b" ")[1]

    @property
    def fields(self) -> list[tuple[bytes, bytes]]:
        lines = self.head.split(b"\r\n")[1:-2]
        return [(name, value.strip()) for name, _, value in (line.partition(b":") for line in lines)]

    def values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.fields if key.lower() == name.lower()]


@dataclass
class Connection:
    socket: socket.socket
    number: int
    buffer: bytes = field(default=b"")

    def receive(self) -> bool:
        """Read into the buffer; return False if the connection is closed."""
        try:
            data = self.socket.recv(65536)
        except OSError:
            return False
        self.buffer += data
        return bool(data)

    def read_until(self, end: bytes) -> bytes | None:
        while end not in self.buffer:
            if not self.receive():
                return None
        found, _, self.buffer = self.buffer.partition(end)
        return found + end

    def read_exactly(self, size: int) -> bytes | None:
        while len(self.buffer) < size:
            if not self.receive():
                return None
        found, self.buffer = self.buffer[:size], self.buffer[size:]
        return found

    def read_body(self, head: bytes) -> bytes | None:
        lower = head.lower()
        if b"\r\ntransfer-encoding: chunked" in lower:
            body = b""
            while True:
                if (line := self.read_until(b"\r\n")) is None:
                    return None
                body += line
                if size := int(line.split(b";")[0], 16):
                    if (data := self.read_exactly(size + 2)) is None:
                        return None
                    body += data
                    continue
                while line != b"\r\n":
                    if (line := self.read_until(b"\r\n")) is None:
                        return None
                    body += line
                return body
        if b"\r\ncontent-length:" in lower:
            return self.read_exactly(int(lower.split(b"\r\ncontent-length:")[1].split(b"\r\n")[0]))
        return b""

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def close(self) -> None:
        self.end()
        self.socket.close()

    def end(self) -> None:
        """Shut the connection down from another thread. The connection's own thread closes the socket."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


Script = Callable[[Connection, Request], object]


def respond_with(data: bytes) -> Script:
    """Return a script that sends ``data``."""
    return lambda connection, request: connection.send(data)


class Upstream:
    """A server on loopback. ``script`` handles each request; ``on_head``, if set, does so before the body is read."""

    def __init__(self, port: int = 0, host: str = "127.0.0.1") -> None:
        self._listener = socket.create_server((host, port), backlog=2048)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://{host}:{self.port}"
        self.connections: list[Connection] = []
        self.reset()
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self) -> None:
        for connection in self.connections:
            connection.end()
        self.requests: list[Request] = []
        self.connections = []
        self.script: Script = respond_with(OK)
        self.on_head: Script | None = None

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self.connections:
            connection.end()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            connection = Connection(accepted, len(self.connections))
            self.connections.append(connection)
            threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, connection: Connection) -> None:
        try:
            self._serve(connection)
        finally:
            connection.close()

    def _serve(self, connection: Connection) -> None:
        with contextlib.suppress(OSError):
            while head := connection.read_until(b"\r\n\r\n"):
                request = Request(head, b"", connection.number)
                if self.on_head:
                    self.requests.append(request)
                    self.on_head(connection, request)
                    continue
                if (body := connection.read_body(head)) is None:
                    return
                request.body = body
                self.requests.append(request)
                self.script(connection, request)
