"""Run order services without the rest of the system, against a stand-in for the user service."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from devservers.ports import Address, find_free_port
from devtools.projects import PROJECTS
from tests.system import Service, environment_of, kill_all

ORDER = PROJECTS["order"]


@contextmanager
def running_order_services(
    number: int,
    user_service: Address,
    database_urls: Mapping[str, str],
    data_dir: Path,
    log_dir: Path,
    **variables: str,
) -> Iterator[list[Service]]:
    """Run order services of one process each on one database, with ``variables`` in their environment."""
    services = []
    for place in range(number):
        addresses = {"order": Address("127.0.0.1", find_free_port()), "user": user_service}
        environment = environment_of(ORDER, addresses, data_dir, database_urls)
        environment |= {"WEB_CONCURRENCY": "1"} | variables
        services.append(Service(ORDER, addresses["order"], environment, log_dir / f"order-{place}.log"))
    try:
        for service in services:
            service.launch()
        for service in services:
            service.wait_until_ready()
        yield services
    finally:
        kill_all(services)
