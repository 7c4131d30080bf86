"""A client of the WSGI application, who says what is in its environment."""

import io
import sys

from django.core.signals import request_finished
from django.db import close_old_connections


def ask(application, path, **variables):
    """Return the status line and the headers."""
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        **variables,
    }
    started = []
    response = application(environ, lambda status, headers: started.append((status, headers)))
    b"".join(response)
    request_finished.disconnect(close_old_connections)  # the test's transaction is on this one
    try:
        response.close()
    finally:
        request_finished.connect(close_old_connections)
    return started[0]
