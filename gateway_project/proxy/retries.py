"""Which requests may be sent a second time, and when (RFC 9110, section 9.2.2)."""

import random

from http1.fields import values
from http1.head import RequestHead
from proxy.errors import (
    BrokenAnswerError,
    ConnectTimeoutError,
    TooSlowError,
    TotalTimeoutError,
    UnreachableError,
    UpstreamError,
)

ATTEMPTS = 3
_BACKOFF_SECONDS = 0.025
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


def is_repeatable(head: RequestHead) -> bool:
    """Whether doing it twice is doing it once: by its method, or because it carries an Idempotency-Key."""
    return head.method in _SAFE_METHODS or bool(values(head.fields, "idempotency-key"))


def may_repeat(error: UpstreamError, *, is_repeatable: bool, has_other: bool) -> bool:
    """Whether to ask again after ``error``; ``has_other``: there is a replica that was not asked yet.

    A replica that only lets wait is not asked twice. Where no byte was sent, anything may be repeated.
    """
    if isinstance(error, ConnectTimeoutError):
        return has_other
    if isinstance(error, UnreachableError):
        return True
    if isinstance(error, TooSlowError):
        return is_repeatable and has_other and not isinstance(error, TotalTimeoutError)
    return is_repeatable and isinstance(error, BrokenAnswerError)


def backoff(attempts: int) -> float:
    """Return the seconds to wait before the same replica is asked again: a random part of 25 ms * 2 ** attempts."""
    return random.uniform(0, _BACKOFF_SECONDS * 2**attempts)  # noqa: S311 -- jitter, no secret
