"""The fault drill: place orders while faults are injected, then compare the responses with the database."""

import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.crashable_postgres import CrashablePostgres
from tests.customers import CREATED, IN_USE, NO_RESPONSE, REPLAYED, Customers, Purchase, count_outcomes
from tests.fault_injection import FaultInjector
from tests.system import System

GIVING_UP = 6  # every sixth purchase is given up when it fails, and retried after the lock on its key expires

# Number of earlier orders that may be unsettled when the next fault is injected; below the number of customers.
STRAGGLERS = 6
LAST_SHARE = 0.1  # share of the orders that are placed after the last fault

# Limit of the whole drill in seconds: PATIENCE, and PATIENCE_FOR_EACH_FAULT for each fault.
PATIENCE = 20.0
PATIENCE_FOR_EACH_FAULT = 3.0

# Allowed outcomes while something is down. Any other one, such as "unknown user", is a violation.
UNAVAILABLE = (NO_RESPONSE, "502 ", "503 ", "504 ")


@dataclass
class Report:
    """The faults and outcomes of a drill."""

    seed: int
    purchases: list[Purchase]
    injected: Counter[str] = field(default_factory=Counter)
    during_faults: Counter[str] = field(default_factory=Counter)  # outcomes while faults were injected
    given_up: int = 0
    after_lock: Counter[str] = field(default_factory=Counter)  # outcomes when those were retried
    final_retry: Counter[str] = field(default_factory=Counter)  # outcomes when every order was sent again
    seconds: float = 0.0

    def __str__(self) -> str:
        retries = self.during_faults.total() - len([one for one in self.purchases if one.outcomes])
        return "\n".join(
            [
                f"fault drill, seed {self.seed}: {len(self.purchases)} orders in {self.seconds:.1f} s",
                f"  faults: {_list(self.injected)}",
                f"  attempts: {self.during_faults.total()}, of them {retries} retries: {_list(self.during_faults)}",
                f"  given up: {self.given_up}; retried after the lock: {_list(self.after_lock)}",
                f"  every order sent again: {_list(self.final_retry)}",
            ]
        )


def run(
    system: System,
    postgres: CrashablePostgres,
    user_id: int,
    *,
    seed: int,
    orders: int,
    kills: int,
    lock_seconds: float,
) -> Report:
    """Run the drill on a running system, and leave it running."""
    began = time.monotonic()
    chance = random.Random(seed)
    purchases = [
        Purchase(f"drill-{number}", f"Order {number} of the drill", gives_up=number % GIVING_UP == 0)
        for number in range(orders)
    ]
    report = Report(seed, purchases)
    injector = FaultInjector(system, postgres, chance, freeze_seconds=lock_seconds + 0.5)
    plan = injector.plan(kills)
    until = began + PATIENCE + PATIENCE_FOR_EACH_FAULT * len(plan)

    with Customers(system.gateway.url, user_id) as customers:
        for number, kind in enumerate(plan):
            # Inject the fault among new orders, after most orders of the last fault are settled.
            rush = purchases[_share(orders, number, plan) : _share(orders, number + 1, plan)]
            customers.want(rush)
            customers.wait(until, unsettled=STRAGGLERS + int(chance.random() * len(rush)))
            injector.inject(kind)
        for service in system.services:
            service.wait_until_ready()
        customers.want(purchases[_share(orders, len(plan), plan) :])
        customers.wait(until)
    report.injected, report.during_faults = injector.injected, count_outcomes(purchases)

    time.sleep(lock_seconds)
    given_up = [purchase for purchase in purchases if purchase.response_body is None]
    report.given_up = len(given_up)
    report.after_lock = _retry(system, user_id, given_up)
    report.final_retry = _retry(system, user_id, purchases)
    report.seconds = time.monotonic() - began
    return report


def find_violations(report: Report, rows: Iterable[tuple[int, str]]) -> list[str]:
    """Compare the responses with the ids and product names in the database; return the violations."""
    stored: defaultdict[str, list[int]] = defaultdict(list)
    for order_id, product_name in rows:
        stored[product_name].append(order_id)
    violations = []
    for purchase in report.purchases:
        ids = stored.pop(purchase.product_name, [])
        if purchase.order_id is None:
            violations.append(f"never acknowledged: {purchase}")
        elif purchase.order_id not in ids:
            violations.append(f"lost: {purchase}")
        if len(ids) > 1:
            violations.append(f"stored {len(ids)} times, as {ids}: {purchase}")
    violations += [f"unexpected order: {product_name}" for product_name in stored]
    for when, outcomes, expected in [
        ("during faults", report.during_faults, {CREATED, REPLAYED, IN_USE}),
        ("after the lock", report.after_lock, {CREATED, REPLAYED}),  # a key still in use was never released
        ("at the end", report.final_retry, {REPLAYED}),
    ]:
        unexpected = [outcome for outcome in outcomes if not (outcome in expected or outcome.startswith(UNAVAILABLE))]
        violations += [f"{outcomes[outcome]} x {outcome} {when}" for outcome in unexpected]
    return violations


def _share(orders: int, number_injected: int, plan: list[str]) -> int:
    return int(orders * (1 - LAST_SHARE) * number_injected / max(len(plan), 1))


def _retry(system: System, user_id: int, purchases: list[Purchase]) -> Counter[str]:
    before = count_outcomes(purchases)
    for purchase in purchases:
        purchase.gives_up = False
    with Customers(system.gateway.url, user_id) as customers:
        customers.want(purchases)
        customers.wait(time.monotonic() + PATIENCE)
    return count_outcomes(purchases) - before


def _list(counts: Counter[str]) -> str:
    return ", ".join(f"{number} x {name}" for name, number in counts.most_common()) or "nothing"
