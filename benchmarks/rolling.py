"""Replaces every replica of every service, one by one, under load, as a Kubernetes deployment does.

sudo .venv/bin/python -m benchmarks.rolling [--rate 200] > benchmarks/results/rolling.txt

Three gateways, four user and three order replicas on one PostgreSQL, each on an address and in a network and a mount
namespace of this command. /etc/hosts there stands for the headless Services: it has the addresses of what is ready. For
each old pod a new one migrates, starts and becomes ready; then the old one leaves /etc/hosts, and gets SIGTERM after
``preStop``. Requests arrive at their own times, however long others take, at the gateways that are ready.
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
    """Roll everything under load and print the outcome; return whether nothing failed."""
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
    """Return the ids of the orders that were not there before the load."""
    with contextlib.closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM orders_order WHERE id > %s ORDER BY id", [ORDERS])
        return [number for (number,) in cursor.fetchall()]


def main() -> None:
    """Measure inside of namespaces."""
    parser = argparse.ArgumentParser(description="Replace every replica under load.")
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second")
    rate = parser.parse_args().rate
    enter_namespaces("benchmarks.rolling")
    sys.exit(not measure(rate))


if __name__ == "__main__":
    main()
