"""How a request to the user service is made: pooled, bounded in time, repeated where that is safe."""

import random
import threading
from types import TracebackType
from typing import Self

import requests
from django.conf import settings
from urllib3.connectionpool import ConnectionPool
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry

from chassis import request_id, service_token
from user_client import counters
from user_client.deadline import DeadlineAdapter, deadline


class PromptRetry(Retry):
    """Waits 20 to 70 ms before the second attempt, for which urllib3 does not wait at all, and counts it."""

    def get_backoff_time(self) -> float:
        """Return the seconds to wait."""
        return random.uniform(0.02, 0.07)  # noqa: S311 - not a secret

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        """Allow one attempt more, or raise."""
        retry = super().increment(method, url, response, error, _pool, _stacktrace)
        counters.RETRIES.inc()
        return retry


# A GET is repeated once, when the connection broke or something in between answered 502 to 504.
RETRY = PromptRetry(
    total=1,
    allowed_methods=["GET"],
    status_forcelist=[502, 503, 504],
    respect_retry_after_header=False,
    raise_on_status=False,
)


class _Thread(threading.local):
    """A session for each thread, which keeps its connection: requests does not promise to share one safely."""

    def __init__(self) -> None:
        self.session = requests.Session()
        self.session.mount("http://", DeadlineAdapter(max_retries=RETRY))
        self.session.trust_env = False  # no proxy and no .netrc between two services
        self.session.headers["Accept"] = "application/json"
        # What all requests have in common; preparing each of them anew is a third of the work of a call.
        self.request = self.session.prepare_request(requests.Request("GET", "http://user-service"))


_thread = _Thread()


def get(path: str) -> requests.Response:
    """Return the user service's answer to ``GET path``.

    Waits at most ``settings.USER_SERVICE_TOTAL_TIMEOUT`` seconds for all of it, both attempts included; within that
    ``USER_SERVICE_CONNECT_TIMEOUT`` for a connection and ``USER_SERVICE_READ_TIMEOUT`` for a part of the answer.

    Raises:
        requests.RequestException: there is no answer, or only part of one.
    """
    deadline.start(settings.USER_SERVICE_TOTAL_TIMEOUT)
    request = _thread.request.copy()
    request.url = f"{settings.USER_SERVICE_URL}{path}"
    request.headers.update(request_id.outgoing_headers() | service_token.outgoing_headers())
    return _thread.session.send(
        request,
        proxies={},
        timeout=(settings.USER_SERVICE_CONNECT_TIMEOUT, settings.USER_SERVICE_READ_TIMEOUT),
        allow_redirects=False,
    )
