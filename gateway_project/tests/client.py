"""A raw HTTP client: sends bytes unchanged and parses responses without trusting them."""

import socket
from dataclasses import dataclass


@dataclass
class Response:
    """A final response, with the interim responses before it."""

    status: int
    reason: bytes
    fields: list[tuple[bytes, bytes]]
    body: bytes  # decoded
    interim: list["Response"]
    trailers: bytes = b""
    complete: bool = True

    def values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def value(self, name: bytes) -> bytes:
        (only,) = self.values(name)
        return only


class Client:
    def __init__(self, port: int, timeout: float = 10) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self) -> bool:
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        self.buffer += data
        return bool(data)

    def read_until(self, end: bytes) -> bytes:
        while end not in self.buffer:
            assert self.receive(), f"the connection ended after {self.buffer!r}"
        found, _, self.buffer = self.buffer.partition(end)
        return found + end

    def is_closed(self) -> bool:
        """Wait until the connection is closed; return False if data arrives first."""
        return not self.receive() and not self.buffer

    def read(self, method: bytes = b"GET") -> Response:
        """Read one final response and its interim responses."""
        interim = []
        while True:
            response = self._read_one(method)
            if response.status >= 200:
                response.interim = interim
                return response
            interim.append(response)

    def _read_one(self, method: bytes) -> Response:
        line, *lines = self.read_until(b"\r\n\r\n")[:-4].split(b"\r\n")
        _, status, reason = line.split(b" ", 2)
        fields = [tuple(part.strip() for part in field.split(b":", 1)) for field in lines]
        response = Response(int(status), reason, fields, b"", [])
        if method == b"HEAD" or response.status in (204, 304) or response.status < 200:
            return response
        if response.values(b"transfer-encoding"):
            self._read_chunks(response)
        elif response.values(b"content-length"):
            self._read_body(response, int(response.value(b"content-length")))
        else:
            try:
                while self.receive():
                    pass
            except ConnectionResetError:
                response.complete = False
            response.body, self.buffer = self.buffer, b""
        return response

    def _read_chunks(self, response: Response) -> None:
        while True:
            while b"\r\n" not in self.buffer:
                if not self.receive():
                    response.complete = False
                    return
            line, _, self.buffer = self.buffer.partition(b"\r\n")
            if size := int(line, 16):
                if not self._read_body(response, size):
                    return
                assert self.read_until(b"\r\n") == b"\r\n"
                continue
            while (line := self.read_until(b"\r\n")) != b"\r\n":
                response.trailers += line
            return

    def _read_body(self, response: Response, size: int) -> bool:
        while len(self.buffer) < size and response.complete:
            response.complete = self.receive()
        response.body += self.buffer[:size]
        self.buffer = self.buffer[size:]
        return response.complete


def exchange(port: int, data: bytes, timeout: float = 10) -> Response:
    """Send ``data`` on a new connection, and return the response."""
    with Client(port, timeout) as client:
        client.send(data)
        return client.read(data.split(b" ", 1)[0])


def request(
    method: str = "GET", target: str = "/", *lines: str, body: bytes = b"", host: str = "example.org"
) -> bytes:
    """Return the bytes of a request."""
    if body:
        lines = (*lines, f"Content-Length: {len(body)}")
    return "\r\n".join([f"{method} {target} HTTP/1.1", f"Host: {host}", *lines, "", ""]).encode("latin-1") + body
