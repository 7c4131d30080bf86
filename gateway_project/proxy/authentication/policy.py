"""The settings of ``[auth]`` in the routes file: issuers of tokens, and API keys."""

from dataclasses import dataclass

from proxy.units import Rate

_SIXTY_A_MINUTE = Rate(60, 60)


@dataclass(frozen=True)
class Issuer:
    """An issuer of access tokens (JSON Web Tokens, RFC 9068), such as an OpenID provider."""

    issuer: str  # the claim ``iss``
    audience: str  # the claim ``aud``, or one of it
    jwks: str  # address or file of its JSON Web Key Set (RFC 7517)
    algorithms: tuple[str, ...] = ("ES256", "RS256")
    token_type: str = "at+jwt"  # noqa: S105 - the header ``typ``; empty: also ``JWT``, or none  # nosec B105
    user_claims: tuple[str, ...] = ("user_id", "sub")  # the first one that a token has holds the id of its user
    scope_claims: tuple[str, ...] = ("scope", "scp")  # texts or lists; all count


@dataclass(frozen=True)
class ApiKey:
    """An API key; its text is not stored."""

    id: str
    sha256: str  # of the whole text, in hexadecimal
    scopes: frozenset[str] = frozenset()
    user_id: int | None = None
    rate_limit: Rate | None = None  # of all its requests


@dataclass(frozen=True)
class Policy:
    """Whether requests need credentials, and which ones count."""

    enabled: bool = False
    issuers: tuple[Issuer, ...] = ()
    keys: tuple[ApiKey, ...] = ()
    failure_limit: Rate = _SIXTY_A_MINUTE  # of refused credentials, per address
