"""The WSGI environment of a request (PEP 3333)."""

import functools
import io
import sys
from urllib.parse import unquote_to_bytes

from http1.fields import Fields
from http1.head import RequestHead

_FIXED = {
    "SCRIPT_NAME": "",
    "SERVER_NAME": "localhost",  # where the client does not say, with Host, whom it wants
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}
_WITHOUT_PREFIX = ("CONTENT_TYPE", "CONTENT_LENGTH")


@functools.lru_cache(maxsize=1024)
def _key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in _WITHOUT_PREFIX else f"HTTP_{key}"


def wsgi_environ(
    head: RequestHead, *, client: str, port: str = "80", scheme: str = "http", body: bytes = b""
) -> dict[str, object]:
    """Return the environment of a request from the address ``client`` to ``port``.

    Fields that share a name are one, as a list; one with an underscore could pass for another and is left out.
    """
    path, _, query = head.target.partition("?")
    environ: dict[str, object] = {_key(name): value for name, value in head.fields if "_" not in name}
    if len(environ) < len(head.fields):
        environ = dict(_joined(head.fields))
    environ |= _FIXED
    environ["REQUEST_METHOD"] = head.method
    environ["PATH_INFO"] = (
        unquote_to_bytes(path).decode("latin-1") if "%" in path else path.replace("*", "/", path == "*")
    )
    environ["QUERY_STRING"] = query
    environ["REMOTE_ADDR"] = client
    environ["SERVER_PORT"] = port
    environ["RAW_URI"] = head.target
    environ["wsgi.url_scheme"] = scheme
    environ["wsgi.input"] = io.BytesIO(body)
    return environ


def _joined(fields: Fields) -> dict[str, str]:
    environ: dict[str, str] = {}
    for name, value in fields:
        key = _key(name)
        if "_" in name:
            continue
        separator = "; " if key == "HTTP_COOKIE" else ","  # RFC 9110, section 5.3; RFC 6265, section 5.4
        environ[key] = f"{environ[key]}{separator}{value}" if key in environ else value
    return environ
