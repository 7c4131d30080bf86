"""Kill and freeze processes of a running system in random order and at random times."""

import random
import time
from collections import Counter

import psutil

from devservers.processes import wait_for
from tests.crashable_postgres import CrashablePostgres
from tests.system import Service, System

# Kinds of kills and their frequency. Most are order workers, because they die while they handle an order.
KILLS = Counter({"order worker": 5, "order service": 1, "user service": 1, "gateway": 1, "PostgreSQL": 2})
FREEZE = "order worker frozen"
KILLS_FOR_EACH_FREEZE = 7

LONGEST_PAUSE = 0.03  # seconds before a fault, so that it can hit any point of a request
START_SECONDS = 20.0


class FaultInjector:
    """Injects faults one at a time, and restarts killed processes.

    Args:
        system: the system to inject faults into.
        postgres: the system's databases.
        chance: the source of randomness.
        freeze_seconds: how long a worker is frozen; longer than the lock on an idempotency key.
    """

    def __init__(
        self, system: System, postgres: CrashablePostgres, chance: random.Random, freeze_seconds: float
    ) -> None:
        self.injected: Counter[str] = Counter()
        self._system = system
        self._postgres = postgres
        self._chance = chance
        self._freeze_seconds = freeze_seconds
        self._faults = {
            "order worker": lambda: self._choose_order_worker().kill(),
            "order service": lambda: self._kill(system.order),
            "user service": lambda: self._kill(system.user),
            "gateway": lambda: self._kill(system.gateway),
            "PostgreSQL": self._kill_postgres,
            FREEZE: self._freeze_order_worker,
        }

    def plan(self, kills: int) -> list[str]:
        """Return ``kills`` kills, and one freeze for every seven kills, in random order."""
        kinds = list(KILLS.elements())
        planned = [kinds[number % len(kinds)] for number in range(kills)]
        planned += [FREEZE] * (kills // KILLS_FOR_EACH_FREEZE)
        self._chance.shuffle(planned)
        return planned

    def inject(self, kind: str) -> None:
        """Inject one fault after a short random delay."""
        time.sleep(self._chance.uniform(0, LONGEST_PAUSE))
        self._faults[kind]()
        self.injected[kind] += 1

    def _kill(self, service: Service) -> None:
        service.kill()
        service.launch()

    def _kill_postgres(self) -> None:
        self._postgres.kill()
        self._postgres.start()

    def _freeze_order_worker(self) -> None:
        worker = self._choose_order_worker()
        worker.suspend()
        try:
            time.sleep(self._freeze_seconds)
        finally:
            worker.resume()

    def _choose_order_worker(self) -> psutil.Process:
        master = psutil.Process(self._system.order.process.pid)
        wait_for(lambda: master.children() != [], seconds=START_SECONDS)
        return self._chance.choice(master.children())
