"""Measures the stacks in alternation, so that other load on the machine affects all of them equally."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import psutil

from benchmarks.client import Client
from benchmarks.scenarios import LAST_PAGE, REFERENCE, BenchmarkCase
from benchmarks.stack import Stack
from benchmarks.usage import cpu_seconds
from benchmarks.wrk import Load, Responses, run_wrk
from devtools.errors import DevtoolsError

WARM_UP_SECONDS = 1.0

# The bodies that the scripts of wrk send.
BODIES = {
    "post_user.lua": {"name": "John", "email": "john@example.com"},
    "post_order.lua": {"user_id": 1, "product_name": "Laptop"},
}


@dataclass(frozen=True)
class Measurement:
    """A run of wrk against a stack. ``cpu_milliseconds`` is the CPU time of one request, by tier."""

    case: str
    stack: str
    round: int
    load: Load
    responses: Responses
    cpu_milliseconds: Mapping[str, float]

    def as_json(self) -> dict[str, Any]:
        """Return the measurement as JSON-serializable data."""
        return asdict(self) | {"rate": self.responses.rate}


class Rounds:
    """Runs benchmark cases on the stacks. The shared PostgreSQL counts as a tier of the stack under load."""

    def __init__(self, stacks: Mapping[str, Stack], postgres: psutil.Process, last_page: str) -> None:
        self._stacks = stacks
        self._postgres = postgres
        self._last_page = last_page

    def run(self, case: BenchmarkCase, load: Load, rounds: int) -> Iterator[Measurement]:
        """Yield the measurements of a case: in each round one of every stack, in alternating order."""
        stacks = [self._stacks[name] for name in case.scenario.stacks if name in self._stacks]
        if connections := case.scenario.connections:  # with many, the reference stack takes seconds to respond
            load = replace(load, connections=connections, seconds=max(load.seconds, connections / 32))
        for stack in stacks:
            self.measure(case, stack, replace(load, seconds=max(WARM_UP_SECONDS, load.connections / 64), rate=None), 0)
        for number in range(1, rounds + 1):
            for stack in stacks if number % 2 else reversed(stacks):
                yield self.measure(case, stack, load, number)

    def measure(self, case: BenchmarkCase, stack: Stack, load: Load, number: int) -> Measurement:
        """Load one stack and measure it.

        Raises:
            DevtoolsError: the stack refused requests or broke connections.
        """
        path = case.scenario.path.replace(LAST_PAGE, self._last_page)
        roots = {**stack.roots, "postgres": self._postgres}
        before = {tier: cpu_seconds(root) for tier, root in roots.items()}
        responses = run_wrk(stack.addresses[case.service].url + path, case.scenario.script, load)
        after = {tier: cpu_seconds(root) for tier, root in roots.items()}
        # The reference stack fails some requests, or all, when its connections to the database run out.
        if stack.name != REFERENCE and (responses.refused or responses.broken or not responses.requests):
            raise DevtoolsError(
                f"{case.name} on {stack.name}: of {responses.requests} requests, {responses.refused} got an error "
                f"status and {responses.broken} no response."
            )
        used = {tier: (after[tier] - before[tier]) * 1000 / max(responses.requests, 1) for tier in roots}
        used["wrk"] = responses.client_cpu_seconds * 1000 / max(responses.requests, 1)
        return Measurement(case.name, stack.name, number, load, responses, used)


def check_responses(cases: Sequence[BenchmarkCase], stacks: Mapping[str, Stack]) -> None:
    """Check that each stack returns the expected status for each case.

    wrk counts only statuses of 400 or more as errors; this check also detects a redirect.

    Raises:
        DevtoolsError: a stack returns another status.
    """
    checked = set()
    for case in cases:
        scenario = case.scenario
        for name in scenario.stacks:
            key = (name, scenario.path, scenario.script)
            if name not in stacks or scenario.path == LAST_PAGE or key in checked:
                continue
            checked.add(key)
            body = BODIES.get(scenario.script)
            with Client(stacks[name].addresses[case.service].url) as client:
                status, content = client.request("GET" if body is None else "POST", scenario.path, body)
            if status != scenario.status:
                raise DevtoolsError(f"{case.name} on {name} returned {status}: {content}")


def find_last_page(stack: Stack, orders: int) -> str:
    """Follow the pages of the list of orders; return the address of the last full page.

    Raises:
        DevtoolsError: an order was on no page, or on two.
    """
    seen: list[int] = []
    last = before_last = ""
    with Client(stack.addresses["order"].url) as client:
        for target, page in client.pages("/orders?page_size=100"):
            before_last, last = last, target
            seen += [order["id"] for order in page["results"]]
    if len(seen) < orders or len(set(seen)) != len(seen):
        raise DevtoolsError(f"Of {orders} orders the list has {len(seen)}, {len(set(seen))} of them different.")
    return before_last.replace("page_size=100", "page_size=50")
