"""Access tokens of identity providers, with the settings of docs/identity.md.

The tests sign with their own keys; headers and claims have the names, types and order of the providers' examples.
"""

import json
import re
import time
import tomllib
from pathlib import Path

import jwt
import pytest

from identity.internal import Caller
from proxy.authentication.errors import InvalidTokenError
from proxy.authentication.key_set import KeySet
from proxy.authentication.policy import Issuer
from proxy.authentication.tokens import TokenVerifier
from tests.issuer import SigningKey

PAGE = Path(__file__).parents[2] / "docs" / "identity.md"
KEY = SigningKey("provider", "RS256")
NOW = int(time.time())

KEYCLOAK = {
    "exp": NOW + 86400,
    "iat": NOW,
    "auth_time": NOW,
    "jti": "onrtac:8dfa4c1e-0f0b-4f4e-9a53-0d8d3f7c3b11",
    "iss": "https://id.example.com/realms/shop",
    "aud": ["gateway", "account"],
    "sub": "f3b1a7d2-6c0e-4a7e-8d55-2f0a4f3a9d10",
    "typ": "Bearer",
    "azp": "shop-web",
    "sid": "5f0f0b1c-5a4e-4a53-8a55-7f6b1c2d3e4f",
    "acr": "1",
    "allowed-origins": ["https://shop.example.com"],
    "realm_access": {"roles": ["offline_access", "uma_authorization"]},
    "resource_access": {"account": {"roles": ["manage-account"]}},
    "scope": "openid orders:read email profile",
    "email_verified": True,
    "preferred_username": "john",
    "user_id": 7,
}
AUTH0 = {
    "https://shop.example.com/user_id": "7",
    "iss": "https://shop.eu.auth0.com/",
    "sub": "auth0|507f1f77bcf86cd799439011",
    "aud": ["https://gateway.example.com", "https://shop.eu.auth0.com/userinfo"],
    "iat": NOW,
    "exp": NOW + 86400,
    "scope": "openid profile",
    "jti": "pQ7k2cSyjmUyWVqPkHMGvU",
    "client_id": "my_client_id",
    "permissions": ["orders:read"],
}
ENTRA_USER = {
    "aud": "APPLICATION-ID",
    "iss": "https://login.microsoftonline.com/TENANT/v2.0",
    "iat": NOW,
    "nbf": NOW,
    "exp": NOW + 86400,
    "aio": "AXQAi/8IAAAA",
    "azp": "11112222-bbbb-3333-cccc-4444dddd5555",
    "azpacr": "0",
    "extn.user_id": "7",
    "oid": "aaaabbbb-0000-cccc-1111-dddd2222eeee",
    "rh": "0.ARwA",
    "scp": "orders:read profile",
    "sub": "jZ3hmPq1mVZqKGTXhNVfHfxqkhPJ1T9gUu2vDGn2Vbw",
    "tid": "TENANT",
    "ver": "2.0",
}
ENTRA_APPLICATION = {name: value for name, value in ENTRA_USER.items() if name not in ("scp", "extn.user_id")} | {
    "roles": ["orders:read", "orders:all"],
    "idtyp": "app",
}

TOKENS = {
    "Keycloak": ({"alg": "RS256", "typ": "JWT"}, KEYCLOAK, 7, "shop-web", {"orders:read"}),
    "Auth0": ({"alg": "RS256", "typ": "at+jwt"}, AUTH0, 7, "my_client_id", {"orders:read"}),
    "Entra ID": (
        {"typ": "JWT", "alg": "RS256", "x5t": "c2hhMQ"},
        ENTRA_USER,
        7,
        "11112222-bbbb-3333-cccc-4444dddd5555",
        {"orders:read"},
    ),
    "Entra ID of an application": (
        {"typ": "JWT", "alg": "RS256", "x5t": "c2hhMQ"},
        ENTRA_APPLICATION,
        None,
        "11112222-bbbb-3333-cccc-4444dddd5555",
        {"orders:read", "orders:all"},
    ),
}


class Fixed:
    """The key set of a provider; Entra's keys have no ``alg``."""

    def is_due(self, age, *, is_key_unknown):
        return False

    def read(self):
        return json.dumps({"keys": [KEY.jwk | {"x5t": "c2hhMQ", "x5c": ["MIIC"]}]}).encode()


def settings_of(provider):
    """Return the issuer that the documentation configures for ``provider``."""
    section = PAGE.read_text().partition(f"**{provider}.**")[2].partition("\n\n**")[0] + "\n"
    if tables := re.search(r"(?m)^    \[\[auth\.issuers\]\]\n(    .+\n)+", section):
        (found,) = tomllib.loads(re.sub("(?m)^    ", "", tables[0]))["auth"]["issuers"]
        return Issuer(**{name: tuple(value) if isinstance(value, list) else value for name, value in found.items()})
    variables = dict(re.findall(r"(?m)^    AUTH_([A-Z_]+)=(.+)$", section))
    return Issuer(**{name.lower(): value for name, value in variables.items()})


def verify(provider, header, claims):
    issuer = settings_of(provider)
    token = jwt.encode(claims, KEY.private, "RS256", header | {"kid": KEY.kid})
    return TokenVerifier([issuer], {issuer.issuer: KeySet(issuer, lambda: None, Fixed())}).verify(token).caller


@pytest.mark.parametrize("name", TOKENS)
def test_token_of_a_provider_is_accepted(name):
    header, claims, user_id, client, scopes = TOKENS[name]

    caller = verify(name.removesuffix(" of an application"), header, claims)

    assert caller == Caller(claims["sub"], user_id, caller.scopes, client)
    assert {scope for scope in caller.scopes if ":" in scope} == scopes


@pytest.mark.parametrize("name", TOKENS)
def test_id_token_of_the_same_login_is_refused(name):
    header, claims, *_ = TOKENS[name]

    with pytest.raises(InvalidTokenError):
        verify(name.removesuffix(" of an application"), header | {"typ": "JWT"}, claims | {"aud": "shop-web"})


@pytest.mark.parametrize("name", TOKENS)
def test_token_of_another_tenant_is_refused(name):
    header, claims, *_ = TOKENS[name]

    with pytest.raises(InvalidTokenError):
        verify(name.removesuffix(" of an application"), header, claims | {"iss": claims["iss"].replace("s", "z")})
