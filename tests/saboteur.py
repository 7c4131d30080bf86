"""Kills and freezes parts of a running system, in an order and at moments that chance decides."""

import random
import time
from collections import Counter

import psutil

from devservers.processes import wait_for
from tests.crashable_postgres import CrashablePostgres
from tests.system import Service, System

# Of so many kills in a row, how many are of which kind; most of what a worker holds when it dies is an order.
KILLS = Counter({"order worker": 10, "order service": 2, "user service": 2, "gateway": 2, "PostgreSQL": 4})
FREEZE = "order worker frozen"
KILLS_FOR_EACH_FREEZE = 7

LONGEST_PAUSE = 0.03  # seconds before a harm, so that it comes at any moment of a request
START_SECONDS = 20.0


class Saboteur:
    """Does one harm after the other, and starts again what it has killed.

    Args:
        system: its victim.
        postgres: the system's databases.
        chance: decides.
        freeze_seconds: how long a worker sleeps; longer than the lock on a key.
    """

    def __init__(
        self, system: System, postgres: CrashablePostgres, chance: random.Random, freeze_seconds: float
    ) -> None:
        self.done: Counter[str] = Counter()
        self._system = system
        self._postgres = postgres
        self._chance = chance
        self._freeze_seconds = freeze_seconds
        self._harms = {
            "order worker": lambda: self._choose_order_worker().kill(),
            "order service": lambda: self._kill(system.order),
            "user service": lambda: self._kill(system.user),
            "gateway": lambda: self._kill(system.gateway),
            "PostgreSQL": self._kill_postgres,
            FREEZE: self._freeze_order_worker,
        }

    def plan(self, kills: int) -> list[str]:
        """Return so many kills, and a freeze for every seventh, in an order that chance decides."""
        kinds = list(KILLS.elements())
        planned = [kinds[number % len(kinds)] for number in range(kills)]
        planned += [FREEZE] * (kills // KILLS_FOR_EACH_FREEZE)
        self._chance.shuffle(planned)
        return planned

    def harm(self, kind: str) -> None:
        """Do one harm, a moment from now."""
        time.sleep(self._chance.uniform(0, LONGEST_PAUSE))
        self._harms[kind]()
        self.done[kind] += 1

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
