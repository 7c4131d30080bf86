"""CPU time of each tier for each kind of request, and response times: the input of benchmarks.capacity.

sudo .venv/bin/python -m benchmarks.service_times > benchmarks/results/service_times.json
"""

import argparse
import json
import os
import statistics
import sys
import time
from threading import Event, Thread

import psutil

from benchmarks.namespaces import enter_namespaces
from benchmarks.open_load import OpenLoad, requests
from benchmarks.stand_in_cluster import REPLICAS, Cluster, running_cluster
from benchmarks.usage import cpu_seconds
from devtools.projects import PROJECTS

KINDS = ("GET user", "POST order", "POST user", "GET list")
RATE, SECONDS, WARM_UP_SECONDS = 100.0, 10.0, 3.0
MIXED_RATES = (100.0, 200.0, 300.0)


def tiers(cluster: Cluster) -> dict[str, float]:
    """Return the CPU time of each tier so far."""
    roots = {name: [psutil.Process(pod.process.pid) for pod in cluster.pods[name]] for name in REPLICAS}
    roots["database"] = [cluster.databases.postgres]
    own = psutil.Process().cpu_times()
    return {"client": own.user + own.system} | {name: cpu_seconds(*processes) for name, processes in roots.items()}


def busy_seconds() -> float:
    """Return the CPU time of all processes on the machine."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)


def measure(cluster: Cluster, rate: float, *kinds: str) -> dict[str, object]:
    """Return milliseconds of CPU for a request by tier, and percentiles of the response time in milliseconds.

    ``others`` is the share of the processors that other processes on the machine used.
    """
    load = OpenLoad(lambda: cluster.endpoints.ready["gateway"], PROJECTS["gateway"].port, rate)
    stopping = Event()
    chosen = (request for request in requests() if request[0] in kinds)
    sending = Thread(target=load.run, args=[stopping, chosen])
    sending.start()
    time.sleep(WARM_UP_SECONDS)
    load.begin()
    before, machine = tiers(cluster), busy_seconds()
    time.sleep(SECONDS)
    after, others = tiers(cluster), busy_seconds() - machine
    others -= sum(after.values()) - sum(before.values())
    stopping.set()
    sending.join()
    number, times = len(load.seconds), statistics.quantiles(load.seconds, n=100)
    return {
        "requests": number,
        "failed": load.failed(),
        "cpu_ms": {name: round(1000 * (after[name] - before[name]) / number, 3) for name in before},
        "others": round(others / SECONDS / (os.cpu_count() or 1), 3),
        "p50_ms": round(1000 * times[49], 1),
        "p99_ms": round(1000 * times[98], 1),
    }


def main() -> None:
    """Measure each kind alone, and the mix at several rates; print JSON."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    enter_namespaces("benchmarks.service_times")
    with running_cluster() as cluster:
        alone = {kind: measure(cluster, RATE, kind) for kind in KINDS}
        mixed = {f"{rate:g}": measure(cluster, rate, *KINDS) for rate in MIXED_RATES}
    json.dump({"alone": alone, "mixed": mixed}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
