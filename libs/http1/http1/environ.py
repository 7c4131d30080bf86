"""The WSGI environment of a request (PEP 3333)."""

import functools
import io
import sys
from urllib.parse import unquote_to_bytes
from wsgiref.util import FileWrapper

from http1.fields import Fields
from http1.head import RefusedError, RequestHead

_FIXED = {
    "SERVER_NAME": "localhost",  # if the request has no Host
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    "wsgi.input_terminated": True,
    "wsgi.file_wrapper": FileWrapper,
}
_WITHOUT_PREFIX = ("CONTENT_TYPE", "CONTENT_LENGTH")


@functools.lru_cache(maxsize=128)  # clients choose the names, up to the limit of a head
def _key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in _WITHOUT_PREFIX else f"HTTP_{key}"


class UnreceivedBody(io.RawIOBase):
    """The input stream of a request whose body exceeds the server's limit: every read raises OSError."""

    def readinto(self, buffer: object) -> int:
        """Raise OSError. An end of file would look like an empty body."""
        raise OSError("The body is larger than the server accepts.")


def wsgi_environ(
    head: RequestHead,
    *,
    client: str,
    client_port: str = "",
    port: str = "80",
    scheme: str = "http",
    body: bytes | None = b"",
    script_name: str = "",
) -> dict[str, object]:
    """Return the WSGI environment of a request.

    Fields with the same name are joined. Fields with an underscore in their name are dropped: in the environment,
    ``X_Forwarded_For`` could not be told from ``X-Forwarded-For``.

    Args:
        head: the head of the request.
        client: the client's address.
        client_port: the client's port; empty for a Unix socket.
        port: the server's port.
        scheme: ``http`` or ``https``.
        body: the complete body, or None if it exceeds the server's limit.
        script_name: the path prefix of the application.

    Raises:
        RefusedError: the path does not begin with ``script_name``.
    """
    path, _, query = head.target.partition("?")
    if script_name:
        if not path.startswith(script_name):  # the behaviour of gunicorn's own workers
            raise RefusedError(500, "The path does not begin with SCRIPT_NAME.")
        path = path[len(script_name) :]
    environ: dict[str, object] = {_key(name): value for name, value in head.fields if "_" not in name}
    if len(environ) < len(head.fields):
        environ |= _joined(head.fields)
    environ |= _FIXED
    environ["REQUEST_METHOD"] = head.method
    path = "/" if path == "*" else path
    environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1") if "%" in path else path
    environ["QUERY_STRING"] = query
    environ["SCRIPT_NAME"] = script_name
    environ["SERVER_PROTOCOL"] = "HTTP/1.1" if head.version == (1, 1) else f"HTTP/{head.version[0]}.{head.version[1]}"
    environ["REMOTE_ADDR"] = client
    if client_port:
        environ["REMOTE_PORT"] = client_port
    environ["SERVER_PORT"] = port
    environ["RAW_URI"] = head.target
    environ["wsgi.url_scheme"] = scheme
    environ["wsgi.input"] = UnreceivedBody() if body is None else io.BytesIO(body)
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
