"""Settings of ``[auth]`` in the routes file: issuers of tokens, and API keys."""

from dataclasses import dataclass

from proxy.units import Rate

_SIXTY_A_MINUTE = Rate(60, 60)


@dataclass(frozen=True)
class Issuer:
    """An issuer of access tokens (JSON Web Tokens, RFC 9068), such as an OpenID provider."""

    issuer: str  # the claim ``iss``
    audience: str  # the claim ``aud``, or one of its items
    jwks: str  # URL or file of its JSON Web Key Set (RFC 7517)
    algorithms: tuple[str, ...] = ("ES256", "RS256")
    token_type: str = "at+jwt"  # noqa: S105 - the header ``typ``; empty: accept ``JWT`` or none as well  # nosec B105
    user_claims: tuple[str, ...] = ("user_id", "sub")  # the user's id is in the first one that a token has
    scope_claims: tuple[str, ...] = ("scope", "scp")  # strings or lists; their scopes are combined


@dataclass(frozen=True)
class ApiKey:
    """An API key; only its hash is stored."""

    id: str
    sha256: str  # hash of the whole key, in hexadecimal
    scopes: frozenset[str] = frozenset()
    user_id: int | None = None
    rate_limit: Rate | None = None  # for all requests with the key


@dataclass(frozen=True)
class Policy:
    """Whether requests need credentials, and which credentials are accepted."""

    enabled: bool = False
    issuers: tuple[Issuer, ...] = ()
    keys: tuple[ApiKey, ...] = ()
    failure_limit: Rate = _SIXTY_A_MINUTE  # for bad credentials, per address
