"""Routes files that require credentials."""

import hashlib

from tests.issuer import AUDIENCE, ISSUER

SERVICE_TOKEN = "the-service-token"
API_KEY = "gk_partner_" + "k" * 43
LIMITED_KEY = "gk_limited_" + "l" * 43

ROUTES = """
[[routes]]
path = "/things"
upstream = "any"
scopes = { GET = "things:read", HEAD = "things:read", OPTIONS = "things:read", default = "things:write" }
[[routes]]
path = "/limited"
upstream = "any"
scopes = { default = "things:read" }
rate_limit = "3/hour"
[[routes]]
path = "/read-only"
upstream = "any"
scopes = { GET = "things:read", HEAD = "things:read" }
[[routes]]
path = "/both"
upstream = "any"
scopes = { default = "things:read things:write" }
[[routes]]
path = "/free"
upstream = "any"
public = true
[[routes]]
path = "/pages"
upstream = "any"
scopes = { default = "things:read" }
session_cookie = "any_sessionid"
[[routes]]
path = "/cors"
upstream = "any"
scopes = { default = "things:read" }
cors_origins = ["https://shop.example"]
[[routes]]
path = "/socket"
upstream = "any"
scopes = { GET = "things:read" }
websockets = true
"""


def api_key(text, **settings):
    """Return the table of an API key."""
    lines = [f"{name} = {value}" for name, value in settings.items()]
    digest = hashlib.sha256(text.encode()).hexdigest()
    return "\n".join(["[[auth.keys]]", f'id = "{text.split("_")[1]}"', f'sha256 = "{digest}"', *lines, ""])


def protected_routes(url, jwks, *, auth="", issuer="", routes=ROUTES):
    """Return a routes file with one issuer, whose keys are at ``jwks``, and two API keys."""
    return "\n".join(
        [
            "[auth]",
            "enabled = true",
            auth or 'failure_limit = "100000/second"',
            "[[auth.issuers]]",
            f'issuer = "{ISSUER}"',
            f'audience = "{AUDIENCE}"',
            f'jwks = "{jwks}"',
            issuer,
            api_key(API_KEY, scopes='["things:read"]', user_id=5),
            api_key(LIMITED_KEY, scopes='["things:read"]', rate_limit='"2/hour"'),
            "[upstreams.any]",
            f'urls = ["{url}"]',
            "read_timeout = 1.0",
            "breaker_failures = 100000",
            routes,
        ]
    )
