"""Orders that keep coming in while a test breaks something."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from devservers.processes import wait_for
from tests.system import Service

PAUSE_SECONDS = (
    0.02  # between one client's orders: enough traffic to meet every moment, little enough for a laptop
)
PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class Answer:
    """What one order was answered."""

    sent_at: float
    seconds: float
    response: requests.Response

    @property
    def status(self) -> int:
        """Its status."""
        return self.response.status_code


class Traffic:
    """Clients that place one order after the other."""

    def __init__(self, gateway: Service, body: dict[str, Any], clients: int) -> None:
        self.answers: list[Answer] = []
        self.errors: list[Exception] = []  # no answer at all
        self._gateway = gateway
        self._body = body
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._place_orders) for _ in range(clients)]

    def wait_for_answers(self, status: int, number: int = 10) -> None:
        """Wait until ``number`` orders sent from now on are answered with ``status``."""
        now = time.monotonic()
        arrived = wait_for(lambda: len(self.since(now, status)) >= number, seconds=PATIENCE_SECONDS)
        assert arrived, f"not {number} answers {status} after {now}: {self.answers[-10:]}, {self.errors}"

    def since(self, instant: float, status: int) -> list[Answer]:
        """Return the answers with ``status`` to orders that were sent after an instant of the monotonic clock."""
        return [
            answer for answer in list(self.answers) if answer.sent_at >= instant and answer.status == status
        ]

    def start(self) -> None:
        """Let the clients begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let the clients end after the order that each is placing."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _place_orders(self) -> None:
        with self._gateway.client() as client:
            while not self._stopping.wait(PAUSE_SECONDS):
                sent_at = time.monotonic()
                try:
                    response = client.post("/orders", json=self._body)
                except requests.RequestException as error:
                    self.errors.append(error)
                else:
                    self.answers.append(Answer(sent_at, time.monotonic() - sent_at, response))


@contextmanager
def incoming_orders(gateway: Service, *, clients: int = 3, **body: Any) -> Iterator[Traffic]:
    """Keep placing orders through the gateway, from several clients at once, until the block ends."""
    traffic = Traffic(gateway, {"product_name": "Laptop"} | body, clients)
    traffic.start()
    try:
        yield traffic
    finally:
        traffic.stop()
