"""The WSGI application under test, which echoes path and body of a request; and a worker that fails."""

import json
import sys
import time

from django.conf import settings

from speedups.worker import SharedPollWorker

settings.configure()  # refusals are rendered by Django


class FailingWorker(SharedPollWorker):
    """Raises an error for the first request of each of five connections, after the one of the start."""

    def handle(self, connection, request):
        if not hasattr(connection, "has_failed"):
            connection.has_failed = True
            if 0 < self.nr <= 5:  # the first request is that of the start
                self.nr += 1
                raise RuntimeError("injected")
        return super().handle(connection, request)


class SmallWorker(SharedPollWorker):
    """Has room for a megabyte of unfinished requests."""

    most_unfinished_bytes = 1_000_000


class RoomyWorker(SharedPollWorker):
    """Receives bodies of up to two megabytes."""

    most_body_bytes = 2_000_000


class Large(list):
    """A response larger than socket buffers; it logs that it was closed."""

    def close(self):
        sys.stderr.write("closed the large response\n")


def broken(start_response, pieces):
    start_response("200 OK", [("Content-Length", "9")])
    yield from pieces
    raise RuntimeError("injected")


served = []  # the paths of all requests, in the order in which they were answered


def application(environ, start_response):
    path = environ["PATH_INFO"]
    served.append(path)
    if path.startswith("/broken"):
        return broken(start_response, [b"abc"] if path == "/broken-late" else [])
    if path == "/length":  # refuses, or not, as BodyLimitMiddleware: by the length alone
        start_response("200 OK", [])
        return [environ["CONTENT_LENGTH"].encode()]
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
