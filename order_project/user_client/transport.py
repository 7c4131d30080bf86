"""How a request to the user service is made: over a kept connection, bounded in time, repeated where that is safe."""

import random
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import requests
from django.conf import settings
from requests.structures import CaseInsensitiveDict

from chassis import request_id, service_token
from user_client import counters
from user_client.adapter import OneConnectionAdapter
from user_client.deadline import deadline

# What something in between answers while the user service is away.
_OUTAGES = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)


class _Session(requests.Session):
    """Does not look for a redirection, which is no answer of the user service."""

    def resolve_redirects(self, *args: Any, **kwargs: Any) -> Iterator[requests.Response]:
        return iter(())


class _Thread(threading.local):
    """A session for each thread, which keeps its connection: requests does not promise to share one safely."""

    def __init__(self) -> None:
        self.session = _Session()
        self.session.trust_env = False  # no proxy and no .netrc between two services
        # https:// keeps the adapter of requests, whose timeouts alone hold there.
        self.session.mount("http://", OneConnectionAdapter())


_thread = _Thread()


def get(path: str) -> requests.Response:
    """Return the user service's answer to ``GET path``, which is asked again once where that may help.

    Waits at most ``settings.USER_SERVICE_TOTAL_TIMEOUT`` seconds for all of it, both attempts included; within that
    ``USER_SERVICE_CONNECT_TIMEOUT`` for a connection and ``USER_SERVICE_READ_TIMEOUT`` for a part of the answer.

    Raises:
        requests.RequestException: there is no answer, or only part of one.
    """
    deadline.start(settings.USER_SERVICE_TOTAL_TIMEOUT)
    try:
        response = _attempt(path)
        if response.status_code not in _OUTAGES:
            return response
    except requests.RequestException:
        if deadline.is_over():
            raise
    counters.RETRIES.inc()
    time.sleep(random.uniform(0.02, 0.07))  # noqa: S311 - not a secret
    return _attempt(path)


def _attempt(path: str) -> requests.Response:
    request = requests.PreparedRequest()
    request.method, request.url = "GET", f"{settings.USER_SERVICE_URL}{path}"
    own = {"Accept": "application/json"}
    request.headers = CaseInsensitiveDict(
        own | request_id.outgoing_headers() | service_token.outgoing_headers()
    )
    return _thread.session.send(
        request,
        proxies={},  # none between two services
        timeout=(settings.USER_SERVICE_CONNECT_TIMEOUT, settings.USER_SERVICE_READ_TIMEOUT),
        allow_redirects=False,
    )
