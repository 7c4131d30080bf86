"""The credential of a request: an access token or an API key."""

from functools import lru_cache
from urllib.parse import unquote_plus

from http1.fields import Fields, values
from proxy.authentication.api_keys import PREFIX
from proxy.authentication.errors import InvalidRequestError, InvalidTokenError

_AUTHORIZATION, _KEY_HEADER = "authorization", "x-api-key"
_NAMES = frozenset({_AUTHORIZATION, _KEY_HEADER})
_QUERY_NAME = "access_token"  # RFC 6750, section 2.3


def split_credentials(fields: Fields) -> tuple[Fields, Fields]:
    """Return the fields with credentials, and all others."""
    credentials: Fields = []
    others: Fields = []
    for pair in fields:
        (credentials if _is_credential(pair[0]) else others).append(pair)
    return credentials, others


@lru_cache(maxsize=128)
def _is_credential(name: str) -> bool:
    """Return whether an upstream may read a credential in ``name``; WSGI does not distinguish ``_`` from ``-``."""
    return name.lower().replace("_", "-") in _NAMES


def credential_of(target: str, fields: Fields) -> str | None:
    """Return the credential of a request; None without credentials, or with a scheme other than Bearer.

    Args:
        target: the request target.
        fields: the header fields with credentials.

    Raises:
        InvalidRequestError: there are two credentials, or one in the query, which logs and histories keep.
        InvalidTokenError: ``X-API-Key`` has another format.
    """
    if "?" in target:
        _refuse_in_query(target)
    shown = [(name.lower(), value) for name, value in fields if "_" not in name]
    if not shown:
        return None
    if len(shown) > 1:
        raise InvalidRequestError("The request has more than one credential.")
    name, value = shown[0]
    if name == _KEY_HEADER:
        if not value.startswith(PREFIX):
            raise InvalidTokenError("The API key is not valid.")
        return value
    scheme, _, text = value.partition(" ")
    return text.strip() if scheme.lower() == "bearer" else None


def has_cookie(fields: Fields, name: str) -> bool:
    """Return whether the request has the cookie ``name``."""
    cookies = [cookie.partition("=") for value in values(fields, "cookie") for cookie in value.split(";")]
    return any(found.strip() == name and content for found, _, content in cookies)


def _refuse_in_query(target: str) -> None:
    query = target.partition("?")[2]
    if any(unquote_plus(pair.partition("=")[0]) == _QUERY_NAME for pair in query.split("&")):
        raise InvalidRequestError("Credentials in the query are not accepted; use the Authorization header.")
