"""How a request to the user service is made: over a kept connection, bounded in time, repeated where that is safe."""

import random
import threading
import time
from http import HTTPStatus

import requests
from django.conf import settings
from prometheus_client import Counter

import speedups
from calls.deadline import DeadlineAdapter, deadline
from calls.headers import outgoing_headers
from speedups.requests_adapter import OneConnectionAdapter

RETRIES = Counter("user_client_retries", "Attempts after the first")

# Sent by whatever stands in between while the user service is away.
_OUTAGES = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)


class _Thread(threading.local):
    """A session for each thread, which keeps its connection: requests does not promise to share one safely."""

    def __init__(self) -> None:
        self.session = requests.Session()
        self.session.trust_env = False  # no proxy and no .netrc between two services
        # https:// keeps the adapter of requests, whose timeouts alone hold there.
        adapter = OneConnectionAdapter(deadline.remaining) if speedups.ENABLED else DeadlineAdapter()
        self.session.mount("http://", adapter)


_thread = _Thread()
_prepared = requests.Request("GET", "http://user-service").prepare()


def get(path: str) -> requests.Response:
    """Return the user service's response to ``GET path``, which is sent again once where that may help.

    Waits at most ``settings.USER_SERVICE_TOTAL_TIMEOUT`` seconds for all of it, both attempts included; within that
    ``USER_SERVICE_CONNECT_TIMEOUT`` for a connection and ``USER_SERVICE_READ_TIMEOUT`` for a part of the response.

    Raises:
        requests.RequestException: there is no response, or only part of one.
    """
    deadline.at = time.monotonic() + settings.USER_SERVICE_TOTAL_TIMEOUT
    try:
        response = _attempt(path)
        if response.status_code not in _OUTAGES:
            return response
    except requests.RequestException:
        if time.monotonic() >= deadline.at:
            raise
    RETRIES.inc()
    time.sleep(random.uniform(0.02, 0.07))  # noqa: S311 - not a secret
    return _attempt(path)


def _attempt(path: str) -> requests.Response:
    request = _prepared.copy()
    request.prepare_headers({"Accept": "application/json"} | outgoing_headers("user", reads="users"))
    request.url = f"{settings.USER_SERVICE_URL}{path}"  # nothing in it is to be encoded
    timeouts = (settings.USER_SERVICE_CONNECT_TIMEOUT, settings.USER_SERVICE_READ_TIMEOUT)
    return _thread.session.send(request, timeout=timeouts, allow_redirects=False)
