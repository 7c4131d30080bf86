"""Cost of each part of the gateway: CPU milliseconds per request of one process.

    python -m benchmarks.gateway_parts --rounds 5 --seconds 3 [--python PATH]

Each line adds one part to the line before it.
"""

import argparse
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.gateway_throughput import measure
from benchmarks.processes import Launch, gateway, running, upstream

EMPTY = """
class Body(list):
    def close(self):
        pass


def application(environ, start_response):
    start_response("200 OK", [("Content-Length", "0")])
    return Body([b""])
"""


def empty(launch: Launch, scratch: Path, *options: str) -> Launch:
    """Return ``launch`` with an application that returns an empty response."""
    command, port, folder, environment, log = launch
    (scratch / "empty.py").write_text(EMPTY)
    command = [*command[:-1], *options, f"--pythonpath={scratch}", "empty:application"]
    return command, port, folder, environment, log.with_name(f"empty{port}.log")


def main() -> None:
    """Measure the parts in alternation and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--python", default=sys.executable)
    options = parser.parse_args()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        scratch.chmod(0o755)
        behind = stack.enter_context(running(*upstream(scratch)))
        url = f"http://127.0.0.1:{behind.port}"

        def launch(**environment: str) -> Launch:
            return gateway(options.python, url, scratch, **environment)

        stock = stack.enter_context(running(*empty(launch(), scratch, "--worker-class=gevent")))
        own = stack.enter_context(running(*empty(launch(ACCESS_LOG="false"), scratch)))
        quiet = stack.enter_context(running(*launch(ACCESS_LOG="false")))
        full = stack.enter_context(running(*launch()))
        parts = {
            "gunicorn's own gevent worker, an empty application": (stock, "/"),
            "the gateway's worker and metrics, an empty application": (own, "/"),
            "and Django, a view of its own": (quiet, "/health/live"),
            "and the exchange with the upstream": (quiet, "/users/1"),
            "and the access log": (full, "/users/1"),
        }
        results: dict[str, list[float]] = {name: [] for name in parts}
        for _ in range(options.rounds):
            for name, (server, path) in parts.items():
                results[name].append(measure(server, path, 16, options.seconds)[1])
    for name, values in results.items():
        print(f"{name:56} {statistics.median(values):.3f} ms")


if __name__ == "__main__":
    main()
