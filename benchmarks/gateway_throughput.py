"""Throughput of the gateway, beside the reference stack's Express gateway and nginx as the upper limit.

One process each, the same nginx as the upstream, in alternation:

    python -m benchmarks.gateway_throughput --rounds 5 --seconds 5 [--python PATH]

``--python`` names the interpreter that runs the gateway; it needs the packages of gateway_project. Prints the medians
of requests per second and of CPU milliseconds per request.
"""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.processes import Server, express, gateway, nginx_proxy, running, upstream

CASES = [("/users/1", 16), ("/users/1", 256), ("/users/big", 16)]


def measure(server: Server, path: str, connections: int, seconds: int, *headers: str) -> tuple[float, float]:
    """Return requests per second and CPU milliseconds per request under load. Each request has ``headers``."""
    url = f"http://127.0.0.1:{server.port}{path}"
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", *(f"-H{header}" for header in headers), url]
    before = server.cpu_seconds()
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    used = server.cpu_seconds() - before
    if wrong := re.search(r"Non-2xx.*|Socket errors.*", output):
        print(f"  {wrong[0]}", file=sys.stderr)
    requests = int(re.search(r"(\d+) requests in", output)[1])  # type: ignore[index] # wrk always prints it
    return requests / seconds, 1000 * used / requests


def alternate(servers: dict[str, Server], rounds: int, seconds: int, *headers: str) -> dict[str, list[float]]:
    """Return the CPU milliseconds per request of each server, measured in alternation."""
    costs: dict[str, list[float]] = {name: [] for name in servers}
    for number in range(rounds + 1):  # the first warms up
        for name, server in servers.items() if number % 2 else reversed(servers.items()):
            cost = measure(server, "/users/1", 16, seconds, *headers)[1]
            costs[name] += [cost] if number else []
    return costs


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--python", default=sys.executable)
    options = parser.parse_args()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        scratch.chmod(0o755)  # nginx's worker is another user
        behind = stack.enter_context(running(*upstream(scratch)))
        url = f"http://127.0.0.1:{behind.port}"
        servers = {
            "gateway": stack.enter_context(running(*gateway(options.python, url, scratch))),
            "gateway, no access log": stack.enter_context(
                running(*gateway(options.python, url, scratch, ACCESS_LOG="false"))
            ),
            "express": stack.enter_context(running(*express(url, scratch))),
            "nginx": stack.enter_context(running(*nginx_proxy(url, scratch))),
        }
        for path, connections in CASES:
            compare(servers, path, connections, options.rounds, options.seconds)


def compare(servers: dict[str, Server], path: str, connections: int, rounds: int, seconds: int) -> None:
    """Measure all servers in turn and print their medians."""
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in servers}
    for server in servers.values():
        measure(server, path, connections, 1)
    for _ in range(rounds):
        for name, server in servers.items():
            results[name].append(measure(server, path, connections, seconds))
    print(f"\n{path}, {connections} connections, medians of {rounds} rounds of {seconds} s")
    medians = {name: tuple(map(statistics.median, zip(*pairs, strict=True))) for name, pairs in results.items()}
    for name, (rate, cpu) in medians.items():
        ratios = [own / other for (_, own), (_, other) in zip(results[name], results["express"], strict=True)]
        share = statistics.median(ratios)
        print(f"  {name:24} {rate:8.0f} requests/s  {cpu:7.3f} ms CPU each, {share:.2f} of express")


if __name__ == "__main__":
    main()
