"""A discrete-event simulation: requests wait for, hold and release resources."""

import heapq
import itertools
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple


@dataclass
class Resource:
    """A pool of ``capacity`` units with a FIFO queue: processes, threads, connections or processors."""

    name: str
    capacity: int
    used: int = 0
    waiting: deque[Any] = field(default_factory=deque)
    longest_queue: int = 0
    busy_seconds: float = 0.0
    """Sum of the times for which units were held."""


class Acquire(NamedTuple):
    """Wait for a unit, and hold it."""

    resource: Resource


class Release(NamedTuple):
    """Release a unit."""

    resource: Resource


Step = Acquire | Release | float
Request = Generator[Step, None, None]


def use(resource: Resource, seconds: float, within: Resource | None = None) -> Iterator[Step]:
    """Hold a unit for a time, and with it a unit of ``within``."""
    held = [resource] if within is None else [resource, within]
    for each in held:
        yield Acquire(each)
    yield seconds
    for each in reversed(held):
        yield Release(each)
        each.busy_seconds += seconds


def simulate(arrivals: Iterable[tuple[float, Request]]) -> list[float]:
    """Run requests from their times of arrival; return their durations, in the order of completion."""
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
                if resource.waiting:  # the next request in the queue acquires the unit
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
