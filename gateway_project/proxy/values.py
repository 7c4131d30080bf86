"""Convert and validate values of the routes file; each function raises ValueError with the reason."""

import re
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from http1.fields import TOKEN
from proxy.routes import CaFile
from proxy.units import Rate, parse_rate, parse_size

_DAY = 86400  # seconds
_ADDRESS = re.compile(r"https?://(\[[\w:.%-]+\]|[\w.-]+)(:\d+)?/?", re.ASCII | re.IGNORECASE)
_ORIGIN = re.compile(r"https?://[^/?#@*\s]+")
_DEFAULT_PORTS = ((True, 443), (False, 80))  # is https, port
_CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def text(value: object) -> str:
    """Return a string."""
    if not isinstance(value, str):
        raise ValueError("must be a string")  # noqa: TRY004 -- every invalid value is a ValueError
    return value


def texts(value: object) -> list[str]:
    """Return a list of at least one string."""
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise ValueError("must be a list of at least one string")
    return value


def boolean(value: object) -> bool:
    """Return a boolean; environment variables give it as a string."""
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise ValueError("must be true or false")


def seconds(value: object) -> float:
    """Return a duration in seconds, below a day; environment variables give it as a string."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < _DAY:
        raise ValueError("must be a number of seconds, more than 0 and less than a day")
    return float(value)


def count(value: object) -> int:
    """Return a whole number of at least 1; environment variables give it as a string."""
    if isinstance(value, str) and re.fullmatch("[0-9]{1,18}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("must be a whole number of at least 1")
    return value


def path(value: object) -> str:
    """Return a path that is valid in a request."""
    found = text(value)
    if not re.fullmatch(r"/[\x21-\x7e]*", found):
        raise ValueError(f'"{found}" is not a path: it must begin with "/" and contain no spaces')
    return found


def route_path(value: object) -> str:
    """Return the path of a route, which consists of plain segments."""
    found = path(value)
    is_plain = not (found.endswith("/") or re.search(r"//|/\.\.?(/|$)", found) or set(found) & set("%?#"))
    if found != "/" and not is_plain:
        raise ValueError(f'"{found}" must be plain segments, such as "/users" or "/admin/user", or "/" for all')
    if found == "/health" or found.startswith("/health/"):
        raise ValueError('"/health" and all paths under it are reserved for the gateway')
    return found


def methods(value: object) -> tuple[str, ...]:
    """Return a list of HTTP methods."""
    found = texts(value)
    for method in found:
        if not re.fullmatch(TOKEN, method):
            raise ValueError(f'"{method}" is not a method')
        if method != method.upper():
            raise ValueError(f'"{method}" must be in upper case')
    return tuple(found)


def urls(value: object) -> tuple[str, ...]:
    """Return the URLs of replicas, which have only a scheme, host and port."""
    found = texts(value)
    for url in found:
        # urlsplit raises ValueError if an IPv6 address is invalid, and .port if it is out of range.
        if not _ADDRESS.fullmatch(url) or urlsplit(url).port == 0:
            raise ValueError(f'"{url}" is not an address such as "http://127.0.0.1:8000"')
    if len(set(found)) != len(found):
        raise ValueError("contains the same address twice")
    return tuple(found)


def origins(value: object) -> tuple[str, ...]:
    """Return web origins in lower case, as a browser sends them: without the default port of their scheme."""
    found = tuple(origin.lower() for origin in texts(value))
    for origin in found:
        if not _ORIGIN.fullmatch(origin) or (origin.startswith("https:"), urlsplit(origin).port) in _DEFAULT_PORTS:
            raise ValueError(f'"{origin}" is not an origin such as "https://shop.example.com"')
    return found


def ca_file(folder: Path, value: object) -> CaFile:
    """Return the certificates of a PEM file, whose path is relative to ``folder``."""
    file = folder / text(value)
    try:
        certificates = "\n".join(_CERTIFICATE.findall(file.read_text("latin-1")))
    except OSError as error:
        raise ValueError(f'"{file}" cannot be read: {error.strerror}') from error
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=certificates)
    except (ssl.SSLError, ValueError) as error:
        raise ValueError(f'"{file}" contains no valid PEM certificate') from error
    return CaFile(str(file), certificates)


def size(value: object) -> int:
    """Return the number of bytes of a size such as "1 MiB"."""
    return parse_size(text(value))


def rate(value: object) -> Rate:
    """Return a rate such as "100/second"."""
    return parse_rate(text(value))
