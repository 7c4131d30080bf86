"""Place orders continuously while a test injects a fault."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from devservers.processes import wait_for
from tests.system import Service

PAUSE_SECONDS = 0.02  # between one client's orders
PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class TimedResponse:
    """The response to an order, and its time."""

    sent_at: float
    seconds: float
    response: requests.Response

    @property
    def status(self) -> int:
        """The status code."""
        return self.response.status_code


class Traffic:
    """Load clients that place one order after another."""

    def __init__(self, gateway: Service, body: dict[str, Any], clients: int) -> None:
        self.responses: list[TimedResponse] = []
        self.errors: list[Exception] = []  # requests without a response
        self._gateway = gateway
        self._body = body
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._place_orders) for _ in range(clients)]

    def wait_for_responses(self, status: int, number: int = 10) -> None:
        """Wait until ``number`` orders sent from now on get ``status``."""
        now = time.monotonic()
        arrived = wait_for(lambda: len(self.since(now, status)) >= number, seconds=PATIENCE_SECONDS)
        assert arrived, (
            f"fewer than {number} responses with {status} since {now}: {self.responses[-10:]}, {self.errors}"
        )

    def since(self, instant: float, status: int) -> list[TimedResponse]:
        """Return the responses with ``status`` to orders sent since ``instant`` (of ``time.monotonic``)."""
        return [one for one in list(self.responses) if one.sent_at >= instant and one.status == status]

    def start(self) -> None:
        """Start the clients."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop each client after its current order."""
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
                    self.responses.append(TimedResponse(sent_at, time.monotonic() - sent_at, response))


@contextmanager
def incoming_orders(gateway: Service, *, clients: int = 3, **body: Any) -> Iterator[Traffic]:
    """Place orders through the gateway from several concurrent clients until the block ends."""
    traffic = Traffic(gateway, {"product_name": "Laptop"} | body, clients)
    traffic.start()
    try:
        yield traffic
    finally:
        traffic.stop()
