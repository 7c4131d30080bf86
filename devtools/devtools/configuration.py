"""What the environment says about addresses, databases and the data folder."""

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devtools.errors import LauncherError
from devtools.projects import PROJECTS, ROOT, Address, with_database

HIGHEST_PORT = 65535
ROOT_USERS_FOLDER = Path("/var/lib/django-microservices")


@dataclass(frozen=True)
class Configuration:
    """The settings of one run."""

    addresses: Mapping[str, Address]
    data_dir: Path
    database_urls: Mapping[
        str, str
    ]  # by project name; those without one get a database in the private PostgreSQL
    postgres_port: int | None = None  # None: any free port

    @property
    def needs_postgres(self) -> bool:
        """Whether a project is left without a database of the user's own."""
        return any(project.name not in self.database_urls for project in with_database())

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Configuration":
        """Read the configuration; an empty variable counts as unset.

        Raises:
            LauncherError: a port that is none, or one port for two services.
        """
        host = environment.get("BIND_HOST") or "127.0.0.1"
        addresses = {
            project.name: Address(host, read_port(environment, project.port_variable, project.default_port))
            for project in PROJECTS.values()
        }
        database_urls = {
            project.name: environment[project.database_variable]
            for project in with_database()
            if environment.get(project.database_variable)
        }
        postgres_port = read_port(environment, "POSTGRES_PORT", 0) or None
        refuse_shared_ports(
            {PROJECTS[name].port_variable: address.port for name, address in addresses.items()}
        )
        return cls(addresses, choose_data_dir(environment), database_urls, postgres_port)


def read_port(environment: Mapping[str, str], variable: str, default: int) -> int:
    """Read a port number."""
    text = environment.get(variable) or str(default)
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > HIGHEST_PORT:
        raise LauncherError(f"{variable} is {text!r}; it must be a port number from 1 to {HIGHEST_PORT}.")
    return int(text)


def refuse_shared_ports(ports: Mapping[str, int]) -> None:
    """Refuse one port for two services."""
    owners: dict[int, str] = {}
    for variable, port in ports.items():
        if port in owners:
            raise LauncherError(
                f"{owners[port]} and {variable} are both {port}; each service needs a port of its own."
            )
        owners[port] = variable


def choose_data_dir(environment: Mapping[str, str]) -> Path:
    """Return the data folder: ``DATA_DIR``, or ``.data`` beside ``manage_all.py``, or for root one under /var/lib.

    PostgreSQL never runs as root, and the unprivileged user that it runs as cannot enter root's home.
    """
    if environment.get("DATA_DIR"):
        return Path(environment["DATA_DIR"]).absolute()
    if os.geteuid() != 0:
        return ROOT / ".data"
    return ROOT_USERS_FOLDER / name_of_clone(ROOT)


def name_of_clone(root: Path) -> str:
    """Return a name that no other clone has: the folder's own, and a digest of where it is."""
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "-", root.name).strip("-.") or "clone"
    return f"{readable}-{hashlib.sha256(os.fsencode(root)).hexdigest()[:8]}"
