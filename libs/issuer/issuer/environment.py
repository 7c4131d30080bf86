"""Default environment variables for AUTH=true: those of the development issuer, and a service token."""

import secrets
from collections.abc import Mapping
from pathlib import Path

from issuer.files import PRIVATE, locked, replace
from issuer.keys import KeyFolder

ISSUER = "urn:microservices:development"
AUDIENCE = "gateway"


def development_environment(data_dir: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that ``environment`` lacks for AUTH=true; none without AUTH."""
    added, folder = dict[str, str](), KeyFolder(data_dir)
    if not _is_on(environment):
        return added
    if has_development_issuer(environment):
        folder.signing_key()
        added |= {"AUTH_JWKS": str(folder.jwks), **names(environment)}
    if not environment.get("SERVICE_TOKEN") and not environment.get("SERVICE_TOKEN_FILE"):
        added["SERVICE_TOKEN"] = _service_token(folder.path)
    return added


def has_development_issuer(environment: Mapping[str, str]) -> bool:
    """Whether the development issuer is used: not with ``AUTH_JWKS``, the key set of a provider."""
    return _is_on(environment) and not environment.get("AUTH_JWKS")


def _is_on(environment: Mapping[str, str]) -> bool:
    return environment.get("AUTH") == "true"  # the gateway and the services refuse other values


def names(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the names of issuer and audience, from the environment or by default."""
    defaults = {"AUTH_ISSUER": ISSUER, "AUTH_AUDIENCE": AUDIENCE}
    return {name: environment.get(name) or default for name, default in defaults.items()}


def _service_token(folder: Path) -> str:
    with locked(folder):
        file = folder / "service-token"
        if not file.exists():
            replace(file, secrets.token_urlsafe(32) + "\n", PRIVATE)
        return file.read_text().strip()
