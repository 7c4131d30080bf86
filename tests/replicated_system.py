"""Run a system with several replicas of each service."""

import itertools
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devservers.ports import Address, find_free_port
from devtools.projects import PROJECTS, with_database
from tests.system import Service, environment_of, kill_all

NUMBER = 2


@dataclass(frozen=True)
class ReplicatedSystem:
    """The gateway, and the replicas of each service."""

    gateway: Service
    replicas: Mapping[str, list[Service]]


@contextmanager
def running_replicated_system(
    database_urls: Mapping[str, str], data_dir: Path, log_dir: Path, **variables: str
) -> Iterator[ReplicatedSystem]:
    """Run the system; the order services call the user service through the gateway, which has one process."""
    entrance = Address("127.0.0.1", find_free_port())

    def make_service(name: str, label: str, address: Address, **more: str) -> Service:
        addresses = {"user": entrance, name: address}
        environment = environment_of(PROJECTS[name], addresses, data_dir, database_urls) | variables | more
        return Service(PROJECTS[name], address, environment, log_dir / f"{label}.log")

    replicas = {
        name: [
            make_service(name, f"{name}-{place}", Address("127.0.0.1", find_free_port())) for place in range(NUMBER)
        ]
        for name in (project.name for project in with_database())
    }
    routes_file = log_dir / "gateway.toml"
    routes_file.write_text(routes_of(replicas))
    gateway = make_service("gateway", "gateway", entrance, GATEWAY_CONFIG=str(routes_file), WEB_CONCURRENCY="1")
    services = [*itertools.chain.from_iterable(replicas.values()), gateway]
    try:
        for service in services:
            service.launch()
        for service in services:
            service.wait_until_ready()
        yield ReplicatedSystem(gateway, replicas)
    finally:
        kill_all(services)


def routes_of(replicas: Mapping[str, list[Service]]) -> str:
    """Return the gateway's routes file with the addresses of the replicas."""
    text = (PROJECTS["gateway"].folder / "gateway.toml").read_text()
    for name, services in replicas.items():
        urls = ", ".join(f'"{service.url}"' for service in services)
        text, number = re.subn(rf"(?m)^(\[upstreams\.{name}\]\nurls = ).*$", rf"\g<1>[{urls}]", text)
        assert number == 1
    return text
