"""A simulation by discrete events: requests that wait for, hold and free resources."""

import heapq
import itertools
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple


@dataclass
class Resource:
    """``capacity`` places, given in the order of asking: processes, threads, connections, processors."""

    name: str
    capacity: int
    used: int = 0
    waiting: deque[Any] = field(default_factory=deque)
    longest_queue: int = 0
    busy_seconds: float = 0.0
    """Place-seconds that were held."""


class Acquire(NamedTuple):
    """Wait for a place, and hold it."""

    resource: Resource


class Release(NamedTuple):
    """Free a place."""

    resource: Resource


Step = Acquire | Release | float
Request = Generator[Step, None, None]


def use(resource: Resource, seconds: float, within: Resource | None = None) -> Iterator[Step]:
    """Hold a place for a time, and during it also one of ``within``."""
    held = [resource] if within is None else [resource, within]
    for each in held:
        yield Acquire(each)
    yield seconds
    for each in reversed(held):
        yield Release(each)
        each.busy_seconds += seconds


def simulate(arrivals: Iterable[tuple[float, Request]]) -> list[float]:
    """Run requests, each from its time of arrival on; return how long each took, in the order of their ends."""
    numbers = itertools.count()
    events = [(at, next(numbers), request, at) for at, request in arrivals]
    heapq.heapify(events)
    took: list[float] = []
    while events:
        now, _, request, arrived = heapq.heappop(events)
        for step in request:
            if isinstance(step, float):
                heapq.heappush(events, (now + step, next(numbers), request, arrived))
                break
            resource = step.resource
            if isinstance(step, Release):
                if resource.waiting:  # the place goes on to the next one
                    heapq.heappush(events, (now, next(numbers), *resource.waiting.popleft()))
                else:
                    resource.used -= 1
            elif resource.used < resource.capacity:
                resource.used += 1
            else:
                resource.waiting.append((request, arrived))
                resource.longest_queue = max(resource.longest_queue, len(resource.waiting))
                break
        else:
            took.append(now - arrived)
    return took
