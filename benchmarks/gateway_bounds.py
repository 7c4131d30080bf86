"""Limits of one gateway process: a thousand concurrent slow requests, and bodies of a GiB in each direction.

python -m benchmarks.gateway_bounds [--python PATH]
"""

import argparse
import resource
import selectors
import socket
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.processes import Server, gateway, running

MIB = 2**20
GIB = 1024 * MIB
HELD = 1000
HOLD_SECONDS = 2.0


class Upstream:
    """Responds late, receives an upload or sends a GiB, depending on the path. One thread holds all late responses."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._held: list[tuple[float, socket.socket]] = []
        threading.Thread(target=self._accept, daemon=True).start()
        threading.Thread(target=self._release, daemon=True).start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            head = connection.recv(65536)
            if head.startswith(b"GET /held"):
                self._held.append((time.monotonic() + HOLD_SECONDS, connection))
            else:
                threading.Thread(target=self._move, args=(connection, head), daemon=True).start()

    def _release(self) -> None:
        while True:
            while self._held and self._held[0][0] <= time.monotonic():
                self._held.pop(0)[1].sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
            time.sleep(0.005)

    def _move(self, connection: socket.socket, head: bytes) -> None:
        if head.startswith(b"GET"):
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % GIB)
            for _ in range(GIB // MIB):
                connection.sendall(bytes(MIB))
            return
        left = GIB - len(head.partition(b"\r\n\r\n")[2])
        while left:
            left -= len(connection.recv(MIB))
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")


def hold_many(server: Server) -> None:
    """Send all requests at once and print the time of the last response."""
    waiting = selectors.DefaultSelector()
    started_at = time.monotonic()
    for _ in range(HELD):
        client = socket.create_connection(("127.0.0.1", server.port))
        client.sendall(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n")
        waiting.register(client, selectors.EVENT_READ)
    succeeded = 0
    while waiting.get_map():
        for key, _ in waiting.select(10):
            client = key.fileobj  # type: ignore[assignment]
            succeeded += client.recv(65536).startswith(b"HTTP/1.1 200")
            waiting.unregister(client)
            client.close()
    seconds = time.monotonic() - started_at
    print(f"{HELD} requests held for {HOLD_SECONDS:g} s: {succeeded} succeeded in {seconds:.2f} s")


def move_a_gib(server: Server, *, upload: bool) -> None:
    """Transfer a GiB and print the growth of the process's memory."""
    before = peak = server.resident_bytes()
    started_at = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        if upload:
            client.sendall(b"POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % GIB)
            for number in range(GIB // MIB):
                client.sendall(bytes(MIB))
                if not number % 16:
                    peak = max(peak, server.resident_bytes())
            assert client.recv(65536).startswith(b"HTTP/1.1 200")  # noqa: S101
        else:
            client.sendall(b"GET /down HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            received = 0
            while data := client.recv(MIB):
                received += len(data)
                if received // (16 * MIB) != (received - len(data)) // (16 * MIB):
                    peak = max(peak, server.resident_bytes())
            assert received > GIB  # noqa: S101
    seconds = time.monotonic() - started_at
    print(
        f"1 GiB {'up' if upload else 'down'}: {seconds:.2f} s, resident memory grew by {(peak - before) / MIB:.1f} MiB"
    )


def main() -> None:
    """Run all measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=sys.executable)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = Upstream().url
        buffering = stack.enter_context(running(*gateway(options.python, url, scratch)))
        streaming = stack.enter_context(running(*gateway(options.python, url, scratch, "request_buffering = false")))
        hold_many(buffering)
        move_a_gib(buffering, upload=False)
        print("buffered:")
        move_a_gib(buffering, upload=True)
        print("streamed:")
        move_a_gib(streaming, upload=True)


if __name__ == "__main__":
    main()
