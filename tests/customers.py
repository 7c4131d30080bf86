"""Load clients that retry each order until it is acknowledged."""

import queue
import random
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

import requests

from tests.api import Client

NUMBER = 16
PATIENCE_SECONDS = 2.0  # for one response
LONGEST_ATTEMPT = 20.0  # seconds; PATIENCE_SECONDS applies to each part of a response
LONGEST_WAIT = 1.0  # seconds before a retry, even if Retry-After is longer

# Outcomes of an attempt. Others have the form "503 circuit_open".
CREATED = "201"
REPLAYED = "201 replayed"
CHANGED = "201 with another body than before"
IN_USE = "409 idempotency_key_in_use"
NO_RESPONSE = "no response"


@dataclass
class Purchase:
    """An order to place, and the outcomes of its attempts."""

    key: str
    product_name: str
    gives_up: bool = False  # after the first failed attempt
    response_body: bytes | None = None  # the body of the first 201
    order_id: int | None = None
    outcomes: list[str] = field(default_factory=list)  # of each attempt

    def attempt(self, client: Client, user_id: int) -> float:
        """Send the order once; return the seconds to wait before the next attempt."""
        body, headers = {"user_id": user_id, "product_name": self.product_name}, {"Idempotency-Key": self.key}
        try:
            response = client.post("/orders", json=body, headers=headers, timeout=PATIENCE_SECONDS)
        except requests.RequestException as error:
            self.outcomes.append(f"{NO_RESPONSE} ({type(error).__name__})")
            return random.uniform(0.02, 0.1)
        if response.status_code == 201 and self.response_body is None:
            self.response_body, self.order_id = response.content, response.json()["id"]
        self.outcomes.append(self._outcome(response))
        return min(float(response.headers.get("Retry-After", 0.1)), LONGEST_WAIT)

    def _outcome(self, response: requests.Response) -> str:
        if response.status_code == 201:
            if response.content != self.response_body:
                return CHANGED
            return REPLAYED if "Idempotent-Replayed" in response.headers else CREATED
        try:
            return f"{response.status_code} {response.json()['type'].removeprefix('urn:problem:')}"
        except (ValueError, LookupError):
            return f"not a problem: {response.status_code}"


class Customers:
    """Threads that place orders through the gateway; each retries its order until it is acknowledged."""

    def __init__(self, gateway_url: str, user_id: int) -> None:
        self.settled = 0  # number of purchases acknowledged or given up
        self._gateway_url = gateway_url
        self._user_id = user_id
        self._wanted: queue.Queue[Purchase] = queue.Queue()  # SimpleQueue.get can exceed its timeout
        self._number_wanted = 0
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._buy, daemon=True) for _ in range(NUMBER)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the threads after their current attempts; fail if one does not stop."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(LONGEST_ATTEMPT)
        assert not any(thread.is_alive() for thread in self._threads), "a customer does not stop"

    def want(self, purchases: Collection[Purchase]) -> None:
        """Add purchases to the queue."""
        self._number_wanted += len(purchases)
        for purchase in purchases:
            self._wanted.put(purchase)

    def wait(self, until: float, *, unsettled: int = 0) -> None:
        """Wait until at most ``unsettled`` purchases are left, or until this time of ``time.monotonic``."""
        while self._number_wanted - self.settled > unsettled and time.monotonic() < until:
            time.sleep(0.002)

    def _buy(self) -> None:
        with Client(self._gateway_url) as client:
            while not self._stopping.is_set():
                with suppress(queue.Empty):
                    self._pursue(client, self._wanted.get(timeout=0.05))

    def _pursue(self, client: Client, purchase: Purchase) -> None:
        while not self._stopping.is_set():
            seconds = purchase.attempt(client, self._user_id)
            if purchase.gives_up or purchase.outcomes[-1].startswith(CREATED):
                with self._lock:
                    self.settled += 1
                return
            self._stopping.wait(seconds)


def count_outcomes(purchases: Iterable[Purchase]) -> Counter[str]:
    """Count the outcomes of all attempts so far."""
    return Counter(outcome for purchase in purchases for outcome in purchase.outcomes)
