"""Exceptions for unauthenticated and unauthorized callers."""

from http import HTTPStatus

from rest_framework import exceptions


class IdentityRequired(exceptions.AuthenticationFailed):
    """The request has no valid identity of a caller."""

    status_code = HTTPStatus.UNAUTHORIZED
    default_detail = "A valid identity of the caller is missing."
    default_code = "identity_required"


class InsufficientScope(exceptions.PermissionDenied):
    """The caller lacks a scope."""

    status_code = HTTPStatus.FORBIDDEN
    default_detail = "The caller lacks a scope."
    default_code = "insufficient_scope"

    def __init__(self, scope: str) -> None:
        super().__init__(f"The scope {scope} is missing.")
        # REST framework sends it as WWW-Authenticate (RFC 6750, section 3.1).
        self.auth_header = f'Bearer error="insufficient_scope", scope="{scope}"'
