"""Values of environment variables that only the gateway has."""

from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from chassis.environment import env, secret
from proxy import values


def origins(name: str) -> frozenset[str]:
    """Return the comma-separated web origins in the environment variable ``name``; none by default.

    Raises:
        ImproperlyConfigured: an item is not an origin as a browser sends it.
    """
    given = env.list(name, default=[])
    try:
        return frozenset(values.origins(given) if given else ())
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}.") from error


def redis_url(name: str) -> str:
    """Return the URL of a Redis server, a ``secret``; by default an empty string.

    Raises:
        ImproperlyConfigured: it is not such a URL; the message does not contain it, because it may hold a password.
    """
    url = secret(name)
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in ("redis", "rediss", "redis+unix") and any(parts[1:3]) and parts.port != 0
    except ValueError:
        is_valid = False
    if url and not is_valid:
        raise ImproperlyConfigured(
            f"{name} is not the URL of a Redis server, such as redis://host:6379/0 or rediss://host for TLS; "
            "a password in it must be percent-encoded."
        )
    return url
