"""Capacity for 1,000 to 100,000 requests a second: replicas, connections, queueing, and the first limits.

python -m benchmarks.capacity > benchmarks/results/capacity.txt

Simulates the measured CPU times (benchmarks.service_times) with seeded random numbers: first on the machine of the
measurement, beside the measured response times, then on clusters whose replicas have their own processors.
"""

import json
import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.queueing import Acquire, Release, Request, Resource, Step, simulate, use

MEASURED = Path(__file__).with_name("results") / "service_times.json"
MIX = {"GET user": 0.5, "POST order": 0.3, "POST user": 0.1, "GET list": 0.1}
THREADS = {"user": 2, "order": 6}  # of each process
THREADS_OF_CLIENT = 64
SEED, REQUESTS = 20, 60_000
SHAPE = 2.0  # of the gamma distribution of times; the standard deviation is 0.7 of the mean
LOAD = 0.6  # utilisation of the processes, which determines the number of replicas
RATES = (1_000, 3_000, 10_000, 30_000, 100_000)


@dataclass(frozen=True)
class Shape:
    """The sizes of a system. All processes share ``processors``; with None, each process has its own."""

    processes: Mapping[str, int]
    database_processors: int = 16
    connections: int = 75  # of the poolers to each database
    processors: int | None = None


class Model:
    """The resources of a shape, and the requests that use them."""

    def __init__(self, shape: Shape, cpu_ms: Mapping[str, Mapping[str, float]]) -> None:
        self.random = random.Random(SEED)  # noqa: S311 - no secret  # nosec B311
        self.cpu_ms = cpu_ms
        self.tiers = {name: Resource(name, number) for name, number in shape.processes.items()}
        threads = {name: THREADS[name] * shape.processes[name] for name in THREADS}
        self.threads = {name: Resource(f"{name} threads", number) for name, number in threads.items()}
        self.connections = {name: Resource(f"{name} connections", shape.connections) for name in THREADS}
        self.databases = {name: Resource(f"{name} database", shape.database_processors) for name in THREADS}
        self.machine = Resource("machine", shape.processors) if shape.processors else None
        self.client = Resource("client", THREADS_OF_CLIENT)

    def arrivals(self, rate: float, number: int) -> Iterator[tuple[float, Request]]:
        """Yield ``number`` requests of the mix, with Poisson arrivals."""
        at = 0.0
        for kind in self.random.choices([*MIX], [*MIX.values()], k=number):
            at += self.random.expovariate(rate)
            yield at, self.request(kind)

    def request(self, kind: str) -> Request:
        """Yield the steps of a request. Half of the gateway's work precedes the service's, half follows it."""
        cpu, owner = self.cpu_ms[kind], "user" if "user" in kind else "order"
        checks = kind == "POST order"  # the order service sends a GET user
        checking = self.cpu_ms["GET user"]["database"] if checks else 0.0
        if self.machine:  # shared with the load client
            yield from self._work(self.client, cpu["client"])
        yield from self._work(self.tiers["gateway"], cpu["gateway"] / 2)
        yield Acquire(self.threads[owner])
        yield from self._work(self.tiers[owner], cpu[owner])
        if checks:
            yield Acquire(self.threads["user"])
            yield from self._work(self.tiers["user"], cpu["user"])
            yield from self._query("user", checking)
            yield Release(self.threads["user"])
        yield from self._query(owner, cpu["database"] - checking)
        yield Release(self.threads[owner])
        yield from self._work(self.tiers["gateway"], cpu["gateway"] / 2)

    def _query(self, name: str, milliseconds: float) -> Iterator[Step]:
        yield Acquire(self.connections[name])
        yield from self._work(self.databases[name], milliseconds)
        yield Release(self.connections[name])

    def _work(self, resource: Resource, milliseconds: float) -> Iterator[Step]:
        return use(resource, self.random.gammavariate(SHAPE, milliseconds / 1000 / SHAPE), self.machine)


def percentile(times: list[float], share: float) -> float:
    """Return a percentile in milliseconds."""
    return 1000 * sorted(times)[math.ceil(share * len(times)) - 1]


def cpu_of(kind_ms: Mapping[str, Mapping[str, float]], tier: str) -> float:
    """Return a tier's milliseconds of CPU for a request of the mix."""
    return sum(share * kind_ms[kind][tier] for kind, share in MIX.items())


def database_cpu(kind_ms: Mapping[str, Mapping[str, float]], name: str) -> float:
    """Return the milliseconds of CPU of a service's database for a request of the mix."""
    checking = kind_ms["GET user"]["database"] * MIX["POST order"]
    own = sum(share * kind_ms[kind]["database"] for kind, share in MIX.items() if (name == "user") == ("user" in kind))
    return own + checking if name == "user" else own - checking


def compare(measured: Mapping[str, Any], cpu_ms: Mapping[str, Mapping[str, float]]) -> None:
    """Print simulated beside measured response times on the machine of the measurement."""
    print("On two processors: 3 gateways, 4 user and 3 order processes, and the load client\n")
    print(
        f"{'a second':>8} {'others':>7} {'p50 measured':>13} {'simulated':>10} {'p99 measured':>13} {'simulated':>10}"
    )
    shape = Shape({"gateway": 3, "user": 4, "order": 3}, database_processors=2, processors=2)
    for rate, run in measured["mixed"].items():
        times = simulate(Model(shape, cpu_ms).arrivals(float(rate), REQUESTS))
        p50, p99 = percentile(times, 0.5), percentile(times, 0.99)
        row = f"{rate:>8} {run['others']:>7.0%} {run['p50_ms']:>13.1f} {p50:>10.1f}"
        print(f"{row} {run['p99_ms']:>13.1f} {p99:>10.1f}")


def replicas(rate: float, cpu_ms: Mapping[str, Mapping[str, float]]) -> dict[str, int]:
    """Return the number of replicas, of two processes each, that a rate needs at ``LOAD``."""
    return {
        name: max(2, math.ceil(rate * cpu_of(cpu_ms, name) / 1000 / LOAD / 2)) for name in ("gateway", "user", "order")
    }


def project(rate: int, cpu_ms: Mapping[str, Mapping[str, float]], shape: Shape) -> None:
    """Print the replicas, connections, database load and response times of a rate."""
    number = replicas(rate, cpu_ms)
    sized = replace(shape, processes={name: 2 * each for name, each in number.items()})
    model = Model(sized, cpu_ms)
    times = simulate(model.arrivals(rate, REQUESTS))
    load = {name: rate * database_cpu(cpu_ms, name) / 1000 / sized.database_processors for name in THREADS}
    clients = {name: THREADS[name] * 2 * number[name] for name in THREADS}
    queues = max(each.longest_queue for each in (*model.databases.values(), *model.connections.values()))
    print(
        f"{rate:>8,} {number['gateway']:>8} {number['user']:>5} {number['order']:>6} {clients['user']:>10}"
        f" {clients['order']:>6} {load['user']:>8.0%} {load['order']:>6.0%} {percentile(times, 0.5):>7.1f}"
        f" {percentile(times, 0.99):>8.1f} {queues:>6}"
    )


def main() -> None:
    """Print the comparison, the projection, and the limits."""
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))
    cpu_ms = {kind: run["cpu_ms"] for kind, run in measured["alone"].items()}
    compare(measured, cpu_ms)
    shape = Shape({})
    description = f"two databases of {shape.database_processors} processors, {shape.connections} connections each"
    print(f"\nOn a cluster: {description}\n")
    print(f"{'':>8} {'replicas':>21} {'connections':>17} {'database load':>15} {'ms':>16} {'queue':>6}")
    names = f"{'gateway':>8} {'user':>5} {'order':>6} {'user':>10} {'order':>6} {'user':>8} {'order':>6}"
    print(f"{'a second':>8} {names} {'p50':>7} {'p99':>8}")
    for rate in RATES:
        project(rate, cpu_ms, shape)
    print("\nA database's processors are busy at")
    for name in THREADS:
        print(f"{1000 * shape.database_processors / database_cpu(cpu_ms, name):>10,.0f} requests a second: {name}")


if __name__ == "__main__":
    main()
