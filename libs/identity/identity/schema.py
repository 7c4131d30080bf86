"""Security schemes of the OpenAPI documents (drf-spectacular's extensions).

They describe the credentials that the gateway accepts, as clients only reach the gateway.
"""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from identity.permissions import required_scope


class CallerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # its __init_subclass__
    """A token or an API key, with the scope of the operation."""

    target_class = "identity.authentication.InternalIdentityAuthentication"
    name = ["bearer", "apiKey"]

    def get_security_requirement(self, auto_schema: Any) -> Any:
        """Return the alternative requirements."""
        view = auto_schema.view
        scopes = [required_scope(auto_schema.method, view)] if hasattr(view, "scope_resource") else []
        return [{name: scopes} for name in self.name]

    def get_security_definition(self, auto_schema: Any) -> Any:
        """Return the schemes."""
        bearer = "A token of the identity provider, or an API key of the gateway."
        return [
            {"type": "http", "scheme": "bearer", "description": bearer},
            {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key of the gateway."},
        ]


class StaffScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # as above
    """Omits sessions from the documents, as they are for the browsable API only."""

    target_class = "identity.authentication.StaffSessionAuthentication"
    name: Any = []

    def get_security_requirement(self, auto_schema: Any) -> Any:
        """Return no requirement."""
        return []

    def get_security_definition(self, auto_schema: Any) -> Any:
        """Return no scheme."""
        return []
