"""HTTP requests to the user service: keep-alive connections, a deadline and one retry."""

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

RETRIES = Counter("user_client_retries", "Retries of calls to the user service")

# Sent by proxies while the user service is unavailable.
_OUTAGES = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)


class _Thread(threading.local):
    """One session, and so one connection, per thread: requests does not document sessions as thread-safe."""

    def __init__(self) -> None:
        self.session = requests.Session()
        self.session.trust_env = False  # ignore proxies and .netrc between services
        # Only for http://; https:// has the stock adapter, with timeouts but no deadline.
        adapter = OneConnectionAdapter(deadline.remaining) if speedups.ENABLED else DeadlineAdapter()
        self.session.mount("http://", adapter)


_thread = _Thread()
_prepared = requests.Request("GET", "http://user-service").prepare()


def get(path: str, seconds: float) -> requests.Response:
    """Send ``GET path`` to the user service, and retry it once after a failure.

    Waits at most ``seconds``, retry included. ``USER_SERVICE_CONNECT_TIMEOUT`` and ``USER_SERVICE_READ_TIMEOUT`` limit
    each connect and each read.

    Raises:
        requests.RequestException: no complete response.
    """
    deadline.at = time.monotonic() + seconds
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
    request.url = f"{settings.USER_SERVICE_URL}{path}"  # needs no percent-encoding
    timeouts = (settings.USER_SERVICE_CONNECT_TIMEOUT, settings.USER_SERVICE_READ_TIMEOUT)
    return _thread.session.send(request, timeout=timeouts, allow_redirects=False)
