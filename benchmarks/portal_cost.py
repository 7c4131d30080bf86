"""Cost of the gateway's portal: CPU time of a proxied request with and without it, and of an open page.

    python -m benchmarks.portal_cost --rounds 20 --seconds 1 --page-seconds 30 [--python PATH]

Measures two gateways of one process each, in alternation, in front of the same nginx. The ratio is the median of the
rounds' ratios. An open page requests ``/-/status`` every two seconds.
"""

import argparse
import http.client
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path

from benchmarks.gateway_throughput import alternate
from benchmarks.processes import Server, gateway, running, upstream

POLL_SECONDS = 2  # of portal.js


def read(server: Server, path: str) -> None:
    """Send a request and read the response."""
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        connection.request("GET", path)
        connection.getresponse().read()


def core_share(server: Server, seconds: int, *, with_page: bool) -> float:
    """Return the share of a core that ``server`` uses without load, with or without an open page."""
    before, ends_at = server.cpu_seconds(), time.monotonic() + seconds
    while time.monotonic() < ends_at:
        if with_page:
            read(server, "/-/status")
        time.sleep(POLL_SECONDS)
    return (server.cpu_seconds() - before) / seconds


def main() -> None:
    """Measure in alternation and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=1)
    parser.add_argument("--page-seconds", type=int, default=30)
    parser.add_argument("--python", default=sys.executable)
    options = parser.parse_args()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        scratch.chmod(0o755)  # nginx's worker is another user
        behind = stack.enter_context(running(*upstream(scratch)))

        def start(exposed: str) -> Server:
            url = f"http://127.0.0.1:{behind.port}"
            return stack.enter_context(running(*gateway(options.python, url, scratch, EXPOSE_PORTAL=exposed)))

        servers = {"with the portal": start("true"), "without": start("false")}
        for server in servers.values():
            read(server, "/users/1")  # waits for its process
        costs = alternate(servers, options.rounds, options.seconds)
        for name, values in costs.items():
            print(f"a proxied request, {name:16} {statistics.median(values):.4f} ms of CPU time")
        ratios = [own / other for own, other in zip(*costs.values(), strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        print(f"ratio, median of {options.rounds}: {middle:.3f} (half of them {low:.3f} to {high:.3f})")
        for name, server in servers.items():
            print(f"no load, {name:16} {core_share(server, options.page_seconds, with_page=False):.2%} of a core")
        page = core_share(servers["with the portal"], options.page_seconds, with_page=True)
        print(f"no load, with an open page  {page:.2%} of a core")


if __name__ == "__main__":
    main()
