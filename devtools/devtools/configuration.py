"""Addresses, databases and the data folder, configured by the environment and ``.env``."""

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from dotenv import dotenv_values

from devservers.folders import ROOT_USERS_FOLDER
from devservers.ports import Address
from devtools.errors import DevtoolsError
from devtools.projects import PROJECTS, ROOT, with_database


@dataclass(frozen=True)
class Configuration:
    """The settings of one run."""

    addresses: Mapping[str, Address]
    data_dir: Path
    database_urls: Mapping[str, str]  # the user's own databases, by project name
    postgres_port: int | None = None  # None: any free port

    @property
    def needs_postgres(self) -> bool:
        """Whether a project has no database of the user's own."""
        return any(project.name not in self.database_urls for project in with_database())

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the configuration; an empty variable counts as unset.

        Raises:
            DevtoolsError: a port is invalid, or two services have the same port.
        """
        host, owners = environment.get("BIND_HOST") or "127.0.0.1", dict[int, str]()
        for project in PROJECTS.values():
            variable = project.variable("PORT")
            port = read_port(environment, variable, project.port)
            if port in owners:
                raise DevtoolsError(f"{owners[port]} and {variable} are both {port}; each service needs its own port.")
            owners[port] = variable
        addresses = {name: Address(host, port) for name, port in zip(PROJECTS, owners, strict=True)}
        urls = {each.name: url for each in with_database() if (url := environment.get(each.variable("DATABASE_URL")))}
        return cls(addresses, choose_data_dir(environment), urls, read_port(environment, "POSTGRES_PORT", 0) or None)


def read_dotenv() -> dict[str, str]:
    """Return the variables that ``.env`` beside ``manage_all.py`` sets and the environment does not; none is empty."""
    try:
        values = dotenv_values(ROOT / ".env", encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DevtoolsError(f"{ROOT / '.env'} cannot be read: {error}") from error
    return {name: value for name, value in values.items() if value and name not in os.environ}


def read_port(environment: Mapping[str, str], variable: str, default: int) -> int:
    """Read a port number; 0 is valid if it is the default."""
    text = environment.get(variable) or str(default)
    if not re.fullmatch(r"[0-9]{1,5}", text) or not bool(default) <= int(text) <= 65535:  # noqa: PLR2004
        raise DevtoolsError(f"{variable} is {text!r}; it must be a port number from 1 to 65535.")
    return int(text)


def choose_data_dir(environment: Mapping[str, str]) -> Path:
    """Return the data folder: ``DATA_DIR``, or ``.data`` beside ``manage_all.py``, or for root one under /var/lib.

    PostgreSQL never runs as root, and its unprivileged user cannot enter root's home.
    """
    if environment.get("DATA_DIR"):
        return Path(environment["DATA_DIR"]).absolute()
    return ROOT / ".data" if os.geteuid() != 0 else ROOT_USERS_FOLDER / name_of_clone(ROOT)


def name_of_clone(root: Path) -> str:
    """Return a unique name of a clone: the name of its folder and a digest of its path."""
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "-", root.name).strip("-.") or "clone"
    return f"{readable}-{hashlib.sha256(os.fsencode(root)).hexdigest()[:8]}"
