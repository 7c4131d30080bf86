"""What a system with AUTH=true needs and its environment does not have: a development issuer, and a service token."""

import secrets
from collections.abc import Mapping
from pathlib import Path

from issuer.files import PRIVATE, locked, replace
from issuer.keys import KeyFolder

ISSUER = "urn:microservices:development"
AUDIENCE = "gateway"


def development_environment(data_dir: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables to add to ``environment``: none without AUTH, nor what it has itself.

    An ``AUTH_JWKS`` of its own, that of a real provider, keeps the development issuer out.
    """
    added, folder = dict[str, str](), KeyFolder(data_dir)
    if not is_on(environment):
        return added
    if not environment.get("AUTH_JWKS"):
        folder.signing_key()
        added |= {"AUTH_JWKS": str(folder.jwks), **names(environment)}
    if not environment.get("SERVICE_TOKEN") and not environment.get("SERVICE_TOKEN_FILE"):
        added["SERVICE_TOKEN"] = _service_token(folder.path)
    return added


def is_on(environment: Mapping[str, str]) -> bool:
    """Whether callers have to identify themselves."""
    return environment.get("AUTH") == "true"  # the gateway and the services refuse other words


def names(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the names of issuer and audience, as the environment or by default."""
    defaults = {"AUTH_ISSUER": ISSUER, "AUTH_AUDIENCE": AUDIENCE}
    return {name: environment.get(name) or default for name, default in defaults.items()}


def _service_token(folder: Path) -> str:
    with locked(folder):
        file = folder / "service-token"
        if not file.exists():
            replace(file, secrets.token_urlsafe(32) + "\n", PRIVATE)
        return file.read_text().strip()
