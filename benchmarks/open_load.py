"""An open-loop load client: requests are sent at a fixed rate, and response times count from the scheduled time."""

import http.client
import itertools
import json
import math
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from threading import Event

from benchmarks.databases import USERS

THREADS = 64
TIMEOUT_SECONDS = 30
EXPECTED = {200, 201}
HEADERS = {"Host": "localhost", "Content-Type": "application/json"}
Request = tuple[str, str, str, object]  # kind, method, target, body


def requests() -> Iterator[Request]:
    """Yield requests without end: of ten, five read a user, three place an order, one adds a user, one reads a list."""
    for number in itertools.count():
        user = 1 + number % USERS
        match number % 10:
            case 0 | 3 | 7:
                yield "POST order", "POST", "/orders", {"user_id": user, "product_name": "Laptop"}
            case 5:
                yield "POST user", "POST", "/users", {"name": "John", "email": f"{uuid.uuid4()}@example.com"}
            case 8:
                yield "GET list", "GET", f"/orders?user_id={user}", None
            case _:
                yield "GET user", "GET", f"/users/{user}", None


class OpenLoad:
    """Sends requests at a fixed rate to the ready hosts in turn, over keep-alive connections."""

    def __init__(self, hosts: Callable[[], Sequence[str]], port: int, rate: float) -> None:
        self.hosts, self.port, self.rate = hosts, port, rate
        self.outcomes: Counter[tuple[str, object]] = Counter()
        self.seconds: list[float] = []
        self.placed: list[int] = []  # acknowledged orders, including those of the warm-up
        self._begun_at = math.inf
        self._local = threading.local()

    def begin(self) -> None:
        """End the warm-up: count requests from now on."""
        self._begun_at = time.monotonic()

    def run(self, stopping: Event, sent: Iterator[Request] | None = None) -> None:
        """Send requests until ``stopping`` is set, then wait for the last responses."""
        started = time.monotonic()
        with ThreadPoolExecutor(THREADS) as pool:
            for number, request in enumerate(sent or requests()):
                due = started + number / self.rate
                if stopping.wait(max(0.0, due - time.monotonic())):
                    return
                pool.submit(self._send, request, due, number)

    def _send(self, request: Request, due: float, number: int) -> None:
        kind, method, target, body = request
        ready = self.hosts()
        host = ready[number % len(ready)]
        content = None if body is None else json.dumps(body).encode()
        try:
            connection = self._connection(host, ready)
            connection.request(method, target, content, HEADERS)
            response = connection.getresponse()
            content = response.read()
            outcome: object = response.status
            if kind == "POST order" and response.status == HTTPStatus.CREATED:
                self.placed.append(json.loads(content)["id"])
        except (OSError, http.client.HTTPException) as error:
            outcome = repr(error)
            self._local.connections.pop(host).close()
        if due >= self._begun_at:
            self.outcomes[kind, outcome] += 1
            self.seconds.append(time.monotonic() - due)

    def _connection(self, host: str, ready: Sequence[str]) -> http.client.HTTPConnection:
        """Return this thread's connection to a host. Close connections to hosts that are no longer ready."""
        connections: dict[str, http.client.HTTPConnection] = self._local.__dict__.setdefault("connections", {})
        for gone in connections.keys() - {*ready}:
            connections.pop(gone).close()
        if host not in connections:
            connections[host] = http.client.HTTPConnection(host, self.port, timeout=TIMEOUT_SECONDS)
        return connections[host]

    def failed(self) -> int:
        """Return the number of requests with an unexpected response or none."""
        return sum(count for (_, outcome), count in self.outcomes.items() if outcome not in EXPECTED)

    def report(self, seconds: float) -> bool:
        """Print counts and times; return whether every response was expected."""
        ordered = sorted(self.seconds)
        for (kind, outcome), count in sorted(self.outcomes.items(), key=str):
            print(f"{kind:<12} {outcome!s:<12} {count:>7}")
        failed = self.failed()
        print(f"{len(ordered)} requests, {len(ordered) / seconds:.0f} a second, {failed} failed")
        for share in (0.5, 0.95, 0.99, 0.999, 1.0):
            print(f"p{share * 100:g}: {1000 * ordered[math.ceil(share * len(ordered)) - 1]:.0f} ms")
        return failed == 0
