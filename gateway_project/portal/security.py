"""Security schemes and requirements of the merged document, if authentication is enabled."""

from collections.abc import Mapping
from typing import Any

from portal.merge import METHODS
from proxy.authentication.values import DEFAULT
from proxy.routes import Route, RouteTable

_SCHEMES: Mapping[str, Mapping[str, str]] = {
    "AccessToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token of a configured issuer. API keys are accepted here as well.",
    },
    "ApiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "An API key, `gk_...`.",
    },
}


def add_security(merged: dict[str, Any], table: RouteTable) -> None:
    """Set the security requirements of each operation from its route, instead of those of its service."""
    schemes = merged["components"]["securitySchemes"] = {name: dict(scheme) for name, scheme in _SCHEMES.items()}
    for path, item in merged["paths"].items():
        if route := table.match(path):
            for method in METHODS:
                if method in item:
                    item[method]["security"] = _requirements(route, method.upper(), schemes)


def _requirements(route: Route, method: str, schemes: Mapping[str, Any]) -> list[dict[str, list[str]]]:
    """Return the alternative requirements."""
    if route.public:
        return []
    scopes = route.scopes or {}
    needed = sorted(scopes.get(method, scopes.get(DEFAULT, ())))
    return [{name: needed} for name in schemes]
