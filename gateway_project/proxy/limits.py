"""Limits of methods, body sizes and request rates."""

import logging
import math
import time

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

from http1.fields import Fields
from http1.head import RequestHead
from proxy.errors import BodyTooLargeError, MethodNotAllowedError, TooManyRequestsError
from proxy.received import Received
from proxy.routes import Route

logger = logging.getLogger(__name__)

_REDIS_SECONDS = 0.25  # timeout of a Redis command
_REDIS_REST_SECONDS = 5.0  # pause after a failure; each process counts separately meanwhile


def check_method(route: Route, method: str) -> None:
    """Reject a method that the route does not take.

    Raises:
        MethodNotAllowedError: ``method`` is not among the route's ``methods``.
    """
    if route.methods is not None and method not in route.methods:
        allowed = ", ".join(route.methods)
        raise MethodNotAllowedError(f"{method} is not among the methods here: {allowed}.", {"Allow": allowed})


def check_body_size(route: Route, head: RequestHead) -> None:
    """Reject a body whose Content-Length is too large; other bodies are limited while they are received.

    Raises:
        BodyTooLargeError: the body exceeds the route's ``max_body``.
    """
    if route.max_body is not None and head.length is not None and head.length > route.max_body:
        raise BodyTooLargeError(f"The body is larger than {route.max_body} bytes.")


class RateLimiter:
    """Counts each client's requests in a sliding window: in memory, or in the Redis at ``redis_url``."""

    def __init__(self, redis_url: str) -> None:
        self._local = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared = self._local
        self._rests_until = 0.0
        if redis_url:
            timeouts = {"socket_timeout": _REDIS_SECONDS, "socket_connect_timeout": _REDIS_SECONDS}
            storage = storage_from_string(redis_url, wrap_exceptions=True, **timeouts)
            self._shared = SlidingWindowCounterRateLimiter(storage)

    def check(self, route: Route, received: Received) -> Fields:
        """Count a request; return the header fields with the remaining quota of its client.

        The fields are those of draft-ietf-httpapi-ratelimit-headers-10.

        Raises:
            TooManyRequestsError: the client exceeds the route's ``rate_limit``.
        """
        if route.rate_limit is None:
            return []
        quota, seconds = route.rate_limit
        is_allowed, left, resets_in = self._hit(
            RateLimitItemPerSecond(quota, seconds), route.path, received.client_address
        )
        fields = [
            ("RateLimit-Policy", f'"requests";q={quota};w={seconds}'),
            ("RateLimit", f'"requests";r={left};t={resets_in}'),
        ]
        if not is_allowed:
            detail = f"More than {quota} requests in {seconds} seconds."
            raise TooManyRequestsError(detail, dict([*fields, ("Retry-After", str(resets_in))]))
        return fields

    def _hit(self, item: RateLimitItem, *key: str) -> tuple[bool, int, int]:
        limiter = self._shared if time.monotonic() >= self._rests_until else self._local
        try:
            return self._ask(limiter, item, *key)
        except StorageError as error:
            logger.warning("Rate limits are counted by each process alone", extra={"reason": str(error)})
            self._rests_until = time.monotonic() + _REDIS_REST_SECONDS
            return self._ask(self._local, item, *key)

    @staticmethod
    def _ask(limiter: SlidingWindowCounterRateLimiter, item: RateLimitItem, *key: str) -> tuple[bool, int, int]:
        is_allowed = limiter.hit(item, *key)
        window = limiter.get_window_stats(item, *key)
        return is_allowed, window.remaining, max(1, math.ceil(window.reset_time - time.time()))
