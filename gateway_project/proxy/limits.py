"""Limits of methods, body sizes and request rates."""

import logging
import math
import time

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

from http1.fields import Fields, values
from http1.head import RequestHead
from proxy.errors import BodyTooLargeError, MethodNotAllowedError, TooManyRequestsError
from proxy.received import Received
from proxy.routes import Route
from proxy.units import Rate

logger = logging.getLogger(__name__)

_REDIS_SECONDS = 0.25  # timeout of a Redis command
_COUNTED = {"requests": "requests", "key": "requests with this key", "failures": "requests with bad credentials"}
_REDIS_PAUSE_SECONDS = 5.0  # after a failure of Redis, each process counts in memory for so long


def check_method(route: Route, method: str) -> None:
    """Reject a method that the route does not allow.

    Raises:
        MethodNotAllowedError: ``method`` is not among the route's ``methods``.
    """
    if route.methods is not None and method not in route.methods:
        allowed = ", ".join(route.methods)
        raise MethodNotAllowedError(f"{method} is not allowed here; allowed: {allowed}.", {"Allow": allowed})


def check_body_size(route: Route, head: RequestHead) -> None:
    """Reject a body whose Content-Length is too large; chunked bodies are limited while they are received.

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
        self._local_until = 0.0
        if redis_url:
            timeouts = {"socket_timeout": _REDIS_SECONDS, "socket_connect_timeout": _REDIS_SECONDS}
            storage = storage_from_string(redis_url, wrap_exceptions=True, **timeouts)
            self._shared = SlidingWindowCounterRateLimiter(storage)

    def check(self, route: Route, received: Received) -> Fields:
        """Count a request; return the header fields with the remaining quota of its sender.

        A sender is a principal, or the address of a client. The fields are those of
        draft-ietf-httpapi-ratelimit-headers-10.

        Raises:
            TooManyRequestsError: the sender exceeds the ``rate_limit`` of the route or of its API key.
        """
        principal = received.principal
        fields: Fields = []
        if route.rate_limit:
            sender = principal.name if principal else received.client_address
            fields = self._count("requests", route.rate_limit, route.path, sender)
        if principal and principal.rate_limit:
            of_key = self._count("key", principal.rate_limit, "key", principal.name)
            fields = [(name, ", ".join([*values(fields, name.lower()), value])) for name, value in of_key]
        return fields

    def count_failure(self, rate: Rate, address: str) -> None:
        """Count a request with bad credentials from ``address``.

        Raises:
            TooManyRequestsError: the address exceeds ``rate``.
        """
        self._count("failures", rate, "failures", address)

    def refuse_after_failures(self, rate: Rate, address: str) -> None:
        """Reject a request from an address that has reached the ``rate`` of bad credentials.

        Raises:
            TooManyRequestsError: the address has reached ``rate``.
        """
        limiter = self._shared if time.monotonic() >= self._local_until else self._local
        item = RateLimitItemPerSecond(*rate)
        try:
            is_allowed = limiter.test(item, "failures", address)
        except StorageError:
            return  # count_failure logs the outage, and counts in this process
        if not is_allowed:
            self._count("failures", rate, "failures", address)

    def _count(self, policy: str, rate: Rate, *key: str) -> Fields:
        quota, seconds = rate
        is_allowed, left, resets_in = self._hit(RateLimitItemPerSecond(quota, seconds), *key)
        fields = [
            ("RateLimit-Policy", f'"{policy}";q={quota};w={seconds}'),
            ("RateLimit", f'"{policy}";r={left};t={resets_in}'),
        ]
        if not is_allowed:
            detail = f"More than {quota} {_COUNTED[policy]} in {seconds} seconds."
            raise TooManyRequestsError(detail, dict([*fields, ("Retry-After", str(resets_in))]))
        return fields

    def _hit(self, item: RateLimitItem, *key: str) -> tuple[bool, int, int]:
        limiter = self._shared if time.monotonic() >= self._local_until else self._local
        try:
            return self._hit_with(limiter, item, *key)
        except StorageError as error:
            logger.warning("Redis is unavailable; each process counts by itself", extra={"reason": str(error)})
            self._local_until = time.monotonic() + _REDIS_PAUSE_SECONDS
            return self._hit_with(self._local, item, *key)

    @staticmethod
    def _hit_with(limiter: SlidingWindowCounterRateLimiter, item: RateLimitItem, *key: str) -> tuple[bool, int, int]:
        is_allowed = limiter.hit(item, *key)
        window = limiter.get_window_stats(item, *key)
        return is_allowed, window.remaining, max(1, math.ceil(window.reset_time - time.time()))
