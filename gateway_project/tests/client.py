"""A raw HTTP client: sends bytes unchanged and parses responses without trusting them."""

import socket
from dataclasses import dataclass


@dataclass
class Answer:
    status: int
    reason: bytes
    fields: list[tuple[bytes, bytes]]
    body: bytes  # decoded
    interim: list["Answer"]
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

    def read(self, method: bytes = b"GET") -> Answer:
        """Read one final response and its interim responses."""
        interim = []
        while True:
            answer = self._read_one(method)
            if answer.status >= 200:
                answer.interim = interim
                return answer
            interim.append(answer)

    def _read_one(self, method: bytes) -> Answer:
        line, *lines = self.read_until(b"\r\n\r\n")[:-4].split(b"\r\n")
        _, status, reason = line.split(b" ", 2)
        fields = [tuple(part.strip() for part in field.split(b":", 1)) for field in lines]
        answer = Answer(int(status), reason, fields, b"", [])
        if method == b"HEAD" or answer.status in (204, 304) or answer.status < 200:
            return answer
        if answer.values(b"transfer-encoding"):
            self._read_chunks(answer)
        elif answer.values(b"content-length"):
            self._take(answer, int(answer.value(b"content-length")))
        else:
            try:
                while self.receive():
                    pass
            except ConnectionResetError:
                answer.complete = False
            answer.body, self.buffer = self.buffer, b""
        return answer

    def _read_chunks(self, answer: Answer) -> None:
        while True:
            while b"\r\n" not in self.buffer:
                if not self.receive():
                    answer.complete = False
                    return
            line, _, self.buffer = self.buffer.partition(b"\r\n")
            if size := int(line, 16):
                if not self._take(answer, size):
                    return
                assert self.read_until(b"\r\n") == b"\r\n"
                continue
            while (line := self.read_until(b"\r\n")) != b"\r\n":
                answer.trailers += line
            return

    def _take(self, answer: Answer, size: int) -> bool:
        while len(self.buffer) < size and answer.complete:
            answer.complete = self.receive()
        answer.body += self.buffer[:size]
        self.buffer = self.buffer[size:]
        return answer.complete


def exchange(port: int, data: bytes, timeout: float = 10) -> Answer:
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
