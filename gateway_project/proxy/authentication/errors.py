"""Errors of authentication, with challenges (RFC 6750, section 3.1)."""

from collections.abc import Iterable

from proxy.errors import GatewayError


def _challenge(**parameters: str) -> dict[str, str]:
    shown = {"realm": "gateway", **parameters}
    return {"WWW-Authenticate": "Bearer " + ", ".join([f'{name}="{value}"' for name, value in shown.items()])}


class NotAuthenticatedError(GatewayError):
    """The request has no credentials."""

    status = 401
    code = "not_authenticated"
    header_names = ("WWW-Authenticate",)

    def __init__(self) -> None:
        super().__init__("An access token or an API key is missing.", _challenge())


class InvalidRequestError(GatewayError):
    """The request has more than one credential, or one in its query."""

    status = 400
    code = "invalid_request"
    header_names = ("WWW-Authenticate",)

    def __init__(self, detail: str) -> None:
        super().__init__(detail, _challenge(error=self.code, error_description=detail))


class InvalidTokenError(GatewayError):
    """The access token or API key is not valid."""

    status = 401
    code = "invalid_token"
    header_names = ("WWW-Authenticate",)

    def __init__(self, detail: str) -> None:
        super().__init__(detail, _challenge(error=self.code, error_description=detail))


class InsufficientScopeError(GatewayError):
    """The access token or API key lacks a required scope."""

    status = 403
    code = "insufficient_scope"
    header_names = ("WWW-Authenticate",)

    def __init__(self, missing: Iterable[str]) -> None:
        scope = " ".join(sorted(missing))
        super().__init__(
            f"The credentials do not include the scope {scope}.", _challenge(error=self.code, scope=scope)
        )


class KeysUnavailableError(GatewayError):
    """The keys of the issuer have not been fetched yet."""

    status = 503
    code = "keys_unavailable"
    header_names = ("Retry-After",)

    def __init__(self) -> None:
        super().__init__("The keys of the token's issuer are not available yet.", {"Retry-After": "5"})
