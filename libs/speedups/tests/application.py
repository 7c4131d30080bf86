"""The WSGI application under test, which echoes the path and body of a request, and workers with changed limits."""

import json
import sys
import time

from django.conf import settings

from speedups.worker import SharedPollWorker

settings.configure()  # error responses are rendered by Django


class FailingWorker(SharedPollWorker):
    """Fault injection: raises an error for the first request of five connections."""

    def handle(self, connection, request):
        if not hasattr(connection, "has_failed"):
            connection.has_failed = True
            if 0 < self.nr <= 5:  # the fixture sends the first request
                self.nr += 1
                raise RuntimeError("injected")
        return super().handle(connection, request)


class SmallWorker(SharedPollWorker):
    """Holds at most a megabyte of incomplete requests."""

    most_unfinished_bytes = 1_000_000


class RoomyWorker(SharedPollWorker):
    """Receives bodies of up to two megabytes."""

    most_body_bytes = 2_000_000


class Large(list):
    """A response larger than the socket buffers, which logs its close()."""

    def close(self):
        sys.stderr.write("closed the large response\n")


def broken(start_response, pieces):
    start_response("200 OK", [("Content-Length", "9")])
    yield from pieces
    raise RuntimeError("injected")


served = []  # the paths of all requests, in the order of processing


def application(environ, start_response):
    path = environ["PATH_INFO"]
    served.append(path)
    if path.startswith("/broken"):
        return broken(start_response, [b"abc"] if path == "/broken-late" else [])
    if path == "/large":
        start_response("200 OK", [("Content-Length", str(100_000_000))])
        return Large([bytes(1_000_000)] * 100)
    time.sleep({"/new": 0.02, "/busy": 0.02, "/slow": 1, "/slower": 5}.get(path, 0))
    body = path.encode() + environ["wsgi.input"].read()
    if path == "/environ":
        body = json.dumps({name: value for name, value in environ.items() if isinstance(value, str)}).encode()
    if path == "/served":
        body = " ".join(served).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
