"""Response times of orders beside 500 slow clients of each kind, at the gateway and directly at the services.

python -m benchmarks.crowds [--orders 200]
"""

import argparse
import contextlib
import socket
import statistics
import time
from collections.abc import Iterator
from http import HTTPStatus

from benchmarks.client import Client
from benchmarks.databases import private_databases
from benchmarks.own_stack import own_stack
from devservers.ports import Address

CLIENTS = 500
_BODY = "POST /{name}s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
KINDS = {
    "none": None,
    "slow heads": "GET /{name}s HTTP/1.1\r\nHost: localhost\r\nX: ",
    "stalled lengths": _BODY + "Content-Length: 100000\r\n\r\n" + "x" * 70_000,
    "stalled chunks": _BODY + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
    "expectations": _BODY + "Expect: 100-continue\r\nContent-Length: 10\r\n\r\n",
    "slow readers": "GET /static/{name}/admin/js/vendor/jquery/jquery.js HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "idle": "",
}
SETTLE_SECONDS = 2.0


@contextlib.contextmanager
def crowd(addresses: dict[str, Address], beginning: str | None) -> Iterator[None]:
    """Hold connections to each address that send ``beginning`` and read nothing. Open none if it is None."""
    with contextlib.ExitStack() as stack:
        for name, address in addresses.items() if beginning is not None else ():
            for _ in range(CLIENTS):
                client = stack.enter_context(socket.socket())
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.connect((address.host, address.port))
                client.settimeout(0)
                with contextlib.suppress(OSError):
                    client.send((beginning or "").format(name=name).encode())
        time.sleep(SETTLE_SECONDS)
        yield


def place_orders(gateway: Address, number: int) -> tuple[list[float], int]:
    """Return the milliseconds of each order, and the number of failed orders."""
    took, failed = [], 0
    with Client(gateway.url) as client:
        for _ in range(number):
            begun = time.perf_counter()
            status, _ = client.request("POST", "/orders", {"user_id": 1, "product_name": "Laptop"})
            took.append((time.perf_counter() - begun) * 1000)
            failed += status != HTTPStatus.CREATED
    return took, failed


def main() -> None:
    """Print a table: two rounds of each kind, in alternation with rounds without slow clients."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=200, help="of each round")
    orders = parser.parse_args().orders
    print(f"{'500 clients':<16} {'at':<9} {'p50 ms':>7} {'p99 ms':>7} {'quiet p99':>10} {'failed':>7}")
    with private_databases(orders=1000) as databases, own_stack("own", databases.own, databases.folder, 2) as stack:
        gateway = stack.addresses["gateway"]
        services = {name: stack.addresses[name] for name in ("user", "order")}
        place_orders(gateway, orders)  # warms up
        for kind, beginning in KINDS.items():
            for at, addresses in (("gateway", dict.fromkeys(services, gateway)), ("services", services)):
                beside, quiet, failed = [], [], 0
                for _ in range(2):
                    quiet += place_orders(gateway, orders)[0]
                    with crowd(addresses, beginning):
                        took, failures = place_orders(gateway, orders)
                    beside += took
                    failed += failures
                p99, quiet_p99 = (statistics.quantiles(each, n=100)[98] for each in (beside, quiet))
                print(
                    f"{kind:<16} {at:<9} {statistics.median(beside):>7.1f} {p99:>7.1f} {quiet_p99:>10.1f} {failed:>7}"
                )


if __name__ == "__main__":
    main()
