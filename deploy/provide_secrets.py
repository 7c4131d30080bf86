"""Write the secret files of each service to a folder that only this service mounts; runs before the services.

    provide_secrets.py                     # copy the given secrets, generate the missing ones
    provide_secrets.py --renew NAME ...    # also generate new values for these

SERVICES names the services, DATABASES those with a database. A secret that is given as a file in /given is copied on
every start. Any other secret is generated once and kept; with REQUIRE_GIVEN=true one that is not given is an error.
"""

import argparse
import os
import secrets
import stat
import sys
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

GIVEN = Path("/given")
FOLDER = Path("/secrets")  # contains one volume for each service
SERVICE = 10001  # user and group of the services' processes
DATABASE_CLIENTS = 10010  # a group that the database servers are in as well


@dataclass(frozen=True)
class Secret:
    """A secret, and the files that contain it."""

    name: str
    files: tuple[str, ...]
    group: int = SERVICE
    is_generated: bool = True
    keeps_previous: bool = False  # a renewed value is "new,old", so that services accept both

    def targets(self) -> list[Path]:
        """Return the files whose volumes are mounted."""
        return [FOLDER / file for file in self.files if (FOLDER / file).parent.is_dir()]

    def value(self, renewed: Collection[str]) -> str:
        """Return the content of the files; empty if the secret is missing."""
        if (GIVEN / self.name).is_file():
            return (GIVEN / self.name).read_text().strip()
        if not self.is_generated or os.environ.get("REQUIRE_GIVEN") == "true":
            return ""
        kept = next((file.read_text() for file in self.targets() if file.exists()), "")
        if kept and self.name not in renewed:
            return kept
        new = secrets.token_urlsafe(48)
        return f"{new},{kept.partition(',')[0]}" if kept and self.keeps_previous else new


def all_secrets() -> list[Secret]:
    """Return the secrets of the services that SERVICES and DATABASES name."""
    services, databases = (os.environ[name].split() for name in ("SERVICES", "DATABASES"))
    return [
        *(Secret(f"{name}_secret_key", (f"{name}/secret_key",)) for name in services),
        *(Secret(f"{name}_db_password", (f"{name}/db_password",), group=DATABASE_CLIENTS) for name in databases),
        Secret("service_token", tuple(f"{name}/service_token" for name in services), keeps_previous=True),
        Secret("tls.pem", ("tls/tls.pem",), is_generated=False),
    ]


def main() -> int:
    """Write the files whose content differs; return the exit status."""
    parser = argparse.ArgumentParser(description="Write the secret files of each service.")
    known = all_secrets()
    generated = [secret.name for secret in known if secret.is_generated]
    parser.add_argument("--renew", nargs="+", default=[], choices=generated, metavar="NAME")
    renewed = parser.parse_args().renew
    given = [name for name in renewed if (GIVEN / name).is_file()]
    if given:
        parser.error(f"these secrets are given as files; replace the files instead: {', '.join(given)}")
    values = {secret: secret.value(renewed) for secret in known if secret.targets()}
    missing = [secret.name for secret, value in values.items() if not value]
    if missing:
        print(f"Missing or empty in SECRETS_DIR: {', '.join(missing)}", file=sys.stderr)
        return 1
    for secret, value in values.items():
        for file in secret.targets():
            if not file.exists() or file.read_text() != value:
                write(file, value, secret.group)
                print(f"{secret.name}: {file.relative_to(FOLDER)} written")
    return 0


def write(file: Path, value: str, group: int) -> None:
    """Replace ``file`` atomically."""
    mode = stat.S_IRUSR if group == SERVICE else stat.S_IRUSR | stat.S_IRGRP
    with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as draft:
        draft.write(value)
    Path(draft.name).chmod(mode)
    os.chown(draft.name, SERVICE, group)
    Path(draft.name).replace(file)


if __name__ == "__main__":
    sys.exit(main())
