"""A rolling update under load: replaces every replica of every service, as a Kubernetes deployment does.

sudo .venv/bin/python -m benchmarks.rolling [--rate 200] > benchmarks/results/rolling.txt

Runs three gateways, four user and three order replicas on one PostgreSQL, each on its own address, in a network and a
mount namespace. /etc/hosts there stands in for the headless Services and lists the addresses of ready replicas. For
each old pod, a new one migrates, starts and becomes ready; then the old one is removed from /etc/hosts and gets
SIGTERM after ``preStop``. Requests are sent to the ready gateways at a fixed rate (open loop).
"""

import argparse
import contextlib
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import psycopg2

from benchmarks.namespaces import enter_namespaces
from benchmarks.open_load import OpenLoad
from benchmarks.stand_in_cluster import ORDERS, REPLICAS, running_cluster
from devtools.projects import PROJECTS


def measure(rate: float) -> bool:
    """Replace all replicas under load and print the outcome; return whether no request failed."""
    with running_cluster() as cluster:
        load = OpenLoad(lambda: cluster.endpoints.ready["gateway"], PROJECTS["gateway"].port, rate)
        stopping = Event()
        sending = Thread(target=load.run, args=[stopping])
        sending.start()
        time.sleep(10)
        load.begin()
        begun = time.monotonic()
        with ThreadPoolExecutor(sum(REPLICAS.values())) as ending:
            for name in ("user", "order", "gateway"):
                cluster.replace(name, ending)
        seconds = time.monotonic() - begun
        stopping.set()
        sending.join()
        killed = sum(pod.was_killed for pod in cluster.ended)
        print(f"{len(cluster.ended)} replicas replaced in {seconds:.0f} s, {killed} of them killed")
        stored = stored_orders(cluster.databases.own["order"])
        print(f"{len(load.placed)} orders acknowledged, {len(stored)} stored")
        return load.report(seconds) and not killed and sorted(load.placed) == stored


def stored_orders(url: str) -> list[int]:
    """Return the ids of the orders that the load created."""
    with contextlib.closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM orders_order WHERE id > %s ORDER BY id", [ORDERS])
        return [number for (number,) in cursor.fetchall()]


def main() -> None:
    """Run the measurement in namespaces."""
    parser = argparse.ArgumentParser(description="Replace every replica under load.")
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second")
    rate = parser.parse_args().rate
    enter_namespaces("benchmarks.rolling")
    sys.exit(not measure(rate))


if __name__ == "__main__":
    main()
