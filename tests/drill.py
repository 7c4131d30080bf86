"""The fault drill: customers place orders while processes are killed; then accounts are squared."""

import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.crashable_postgres import CrashablePostgres
from tests.customers import CREATED, IN_USE, NO_ANSWER, REPLAYED, Customers, Purchase, count_outcomes
from tests.saboteur import Saboteur
from tests.system import System

GIVING_UP = 6  # every sixth purchase is given up when it fails, and taken up again after the lock on its key

# The next harm does not wait for so many orders of earlier rushes; there must be more customers than that.
STRAGGLERS = 6
LAST_SHARE = 0.1  # of the orders is placed when everything runs again

# Seconds that customers go on at most: so many, and so many for each harm.
PATIENCE = 20.0
PATIENCE_FOR_EACH_HARM = 3.0

# What may become of an attempt while something is down; all else, such as "unknown user", is a fault.
UNAVAILABLE = (NO_ANSWER, "502 ", "503 ", "504 ")


@dataclass
class Report:
    """What a drill did, and how it was answered."""

    seed: int
    purchases: list[Purchase]
    harms: Counter[str] = field(default_factory=Counter)
    under_fire: Counter[str] = field(default_factory=Counter)  # outcomes while harm was done
    given_up: int = 0
    after_lock: Counter[str] = field(default_factory=Counter)  # outcomes when those were taken up again
    once_more: Counter[str] = field(default_factory=Counter)  # outcomes when every order was repeated
    seconds: float = 0.0

    def __str__(self) -> str:
        repetitions = self.under_fire.total() - len([one for one in self.purchases if one.outcomes])
        return "\n".join(
            [
                f"fault drill, seed {self.seed}: {len(self.purchases)} orders in {self.seconds:.1f} s",
                f"  harm: {_list(self.harms)}",
                f"  attempts: {self.under_fire.total()}, of them {repetitions} repetitions: {_list(self.under_fire)}",
                f"  given up: {self.given_up}; taken up again after the lock: {_list(self.after_lock)}",
                f"  every order once more: {_list(self.once_more)}",
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
    """Drill a running system, and leave it running."""
    began = time.monotonic()
    chance = random.Random(seed)
    purchases = [
        Purchase(f"drill-{number}", f"Order {number} of the drill", gives_up=number % GIVING_UP == 0)
        for number in range(orders)
    ]
    report = Report(seed, purchases)
    saboteur = Saboteur(system, postgres, chance, freeze_seconds=lock_seconds + 0.5)
    plan = saboteur.plan(kills)
    until = began + PATIENCE + PATIENCE_FOR_EACH_HARM * len(plan)

    with Customers(system.gateway.url, user_id) as customers:
        for number, kind in enumerate(plan):
            # Harm comes in the middle of a rush, and when most of what the last one hit is over.
            rush = purchases[_share(orders, number, plan) : _share(orders, number + 1, plan)]
            customers.want(rush)
            customers.wait(until, unsettled=STRAGGLERS + int(chance.random() * len(rush)))
            saboteur.harm(kind)
        for service in system.services:
            service.wait_until_ready()
        customers.want(purchases[_share(orders, len(plan), plan) :])
        customers.wait(until)
    report.harms, report.under_fire = saboteur.done, count_outcomes(purchases)

    time.sleep(lock_seconds)
    given_up = [purchase for purchase in purchases if purchase.answer is None]
    report.given_up = len(given_up)
    report.after_lock = _repeat(system, user_id, given_up)
    report.once_more = _repeat(system, user_id, purchases)
    report.seconds = time.monotonic() - began
    return report


def find_faults(report: Report, rows: Iterable[tuple[int, str]]) -> list[str]:
    """Compare what customers were told with the ids and product names in the database; return what is wrong."""
    stored: defaultdict[str, list[int]] = defaultdict(list)
    for order_id, product_name in rows:
        stored[product_name].append(order_id)
    faults = []
    for purchase in report.purchases:
        ids = stored.pop(purchase.product_name, [])
        if purchase.order_id is None:
            faults.append(f"never acknowledged: {purchase}")
        elif purchase.order_id not in ids:
            faults.append(f"lost: {purchase}")
        if len(ids) > 1:
            faults.append(f"stored {len(ids)} times, as {ids}: {purchase}")
    faults += [f"nobody's order: {product_name}" for product_name in stored]
    for when, outcomes, expected in [
        ("under fire", report.under_fire, {CREATED, REPLAYED, IN_USE}),
        ("after the lock", report.after_lock, {CREATED, REPLAYED}),  # a key that is still in use is stuck
        ("at the end", report.once_more, {REPLAYED}),
    ]:
        unexpected = [
            outcome for outcome in outcomes if not (outcome in expected or outcome.startswith(UNAVAILABLE))
        ]
        faults += [f"{outcomes[outcome]} x {outcome} {when}" for outcome in unexpected]
    return faults


def _share(orders: int, harms_done: int, plan: list[str]) -> int:
    return int(orders * (1 - LAST_SHARE) * harms_done / max(len(plan), 1))


def _repeat(system: System, user_id: int, purchases: list[Purchase]) -> Counter[str]:
    before = count_outcomes(purchases)
    for purchase in purchases:
        purchase.gives_up = False
    with Customers(system.gateway.url, user_id) as customers:
        customers.want(purchases)
        customers.wait(time.monotonic() + PATIENCE)
    return count_outcomes(purchases) - before


def _list(counts: Counter[str]) -> str:
    return ", ".join(f"{number} x {what}" for what, number in counts.most_common()) or "nothing"
