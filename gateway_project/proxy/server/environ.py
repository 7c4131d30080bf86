"""The WSGI environment of a request (PEP 3333), for what Django does with it."""

import functools
import io
import sys
from urllib.parse import unquote_to_bytes

from proxy.received import ENVIRON_KEY, Received

_FIXED = {
    "SCRIPT_NAME": "",
    "SERVER_NAME": "gateway",  # Host is the client's word, and this is only for when it says none
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}


@functools.lru_cache(maxsize=1024)
def _key(name: str) -> str:
    return "HTTP_" + name.upper().replace("-", "_")


def wsgi_environ(received: Received) -> dict[str, object]:
    """Return the environment of ``received``, which it carries along as it is.

    ``wsgi.input`` is empty: a body is either forwarded from ``received`` or ignored. Of fields that share a
    name the last counts; one with an underscore could pass for another and is left out.
    """
    head = received.head
    path, _, query = head.target.partition("?")
    environ: dict[str, object] = {_key(name): value for name, value in head.fields if "_" not in name}
    environ |= _FIXED
    environ["REQUEST_METHOD"] = head.method
    environ["PATH_INFO"] = (
        unquote_to_bytes(path).decode("latin-1") if "%" in path else path.replace("*", "/", path == "*")
    )
    environ["QUERY_STRING"] = query
    environ["REMOTE_ADDR"] = received.client
    environ["RAW_URI"] = head.target
    environ["wsgi.url_scheme"] = received.scheme
    environ["wsgi.input"] = io.BytesIO()
    environ[ENVIRON_KEY] = received
    return environ
