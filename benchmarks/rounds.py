"""Measures stacks in alternation, so that whatever else the machine does meets all of them alike."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import psutil

from benchmarks.client import Client
from benchmarks.scenarios import LAST_PAGE, REFERENCE, Course
from benchmarks.stack import Stack
from benchmarks.usage import cpu_seconds
from benchmarks.wrk import Load, Responses, run_wrk
from devtools.errors import DevtoolsError

WARM_UP_SECONDS = 1.0

# What the scripts of wrk send.
BODIES = {
    "post_user.lua": {"name": "John", "email": "john@example.com"},
    "post_order.lua": {"user_id": 1, "product_name": "Laptop"},
}


@dataclass(frozen=True)
class Measurement:
    """One run of wrk on one stack. ``cpu_milliseconds`` is the CPU time of one request, by tier."""

    course: str
    stack: str
    round: int
    load: Load
    responses: Responses
    cpu_milliseconds: Mapping[str, float]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self) | {"rate": self.responses.rate}


class Rounds:
    """Runs courses on stacks; PostgreSQL, which all share, counts as a tier of the one that is under load."""

    def __init__(self, stacks: Mapping[str, Stack], postgres: psutil.Process, last_page: str) -> None:
        self._stacks = stacks
        self._postgres = postgres
        self._last_page = last_page

    def run(self, course: Course, load: Load, rounds: int) -> Iterator[Measurement]:
        """Yield the measurements of a course: in each round one of every stack, now in this order, now in the other."""
        stacks = [self._stacks[name] for name in course.scenario.stacks if name in self._stacks]
        if connections := course.scenario.connections:  # which the reference stack takes seconds to answer
            load = replace(load, connections=connections, seconds=max(load.seconds, connections / 32))
        for stack in stacks:
            self.measure(
                course, stack, replace(load, seconds=max(WARM_UP_SECONDS, load.connections / 64), rate=None), 0
            )
        for number in range(1, rounds + 1):
            for stack in stacks if number % 2 else reversed(stacks):
                yield self.measure(course, stack, load, number)

    def measure(self, course: Course, stack: Stack, load: Load, number: int) -> Measurement:
        """Put the load on one stack.

        Raises:
            DevtoolsError: an answer was not what it should be.
        """
        path = course.scenario.path.replace(LAST_PAGE, self._last_page)
        roots = {**stack.roots, "postgres": self._postgres}
        before = cpu_seconds(roots)
        answers = run_wrk(stack.addresses[course.service].url + path, course.scenario.script, load)
        after = cpu_seconds(roots)
        # The reference stack fails some requests, or all, when its connections to the database run out.
        if stack.name != REFERENCE and (answers.refused or answers.broken or not answers.requests):
            raise DevtoolsError(
                f"{course.name} on {stack.name}: {answers.refused} answers were refusals and {answers.broken} "
                f"did not come, of {answers.requests}."
            )
        used = {tier: (after[tier] - before[tier]) * 1000 / max(answers.requests, 1) for tier in roots}
        used["wrk"] = answers.client_cpu_seconds * 1000 / max(answers.requests, 1)
        return Measurement(course.name, stack.name, number, load, answers, used)


def check_answers(courses: Sequence[Course], stacks: Mapping[str, Stack]) -> None:
    """Make sure that each stack answers each course's request with the status that it should have.

    wrk itself counts what is 400 or more; this also sees a redirect.

    Raises:
        DevtoolsError: one does not.
    """
    checked = set()
    for course in courses:
        scenario = course.scenario
        for name in scenario.stacks:
            key = (name, scenario.path, scenario.script)
            if name not in stacks or scenario.path == LAST_PAGE or key in checked:
                continue
            checked.add(key)
            body = BODIES.get(scenario.script)
            with Client(stacks[name].addresses[course.service].url) as client:
                status, content = client.request("GET" if body is None else "POST", scenario.path, body)
            if status != scenario.status:
                raise DevtoolsError(f"{course.name} on {name} was answered with {status}: {content}")


def find_last_page(stack: Stack, orders: int) -> str:
    """Walk the list of orders from page to page, as a client does; return the address of the last one of full size.

    Raises:
        DevtoolsError: some orders were not on any page, or twice.
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
