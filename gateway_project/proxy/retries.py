"""Rules for retries (RFC 9110, section 9.2.2)."""

import random

from http1.fields import values
from http1.head import RequestHead
from proxy.errors import (
    BrokenResponseError,
    ConnectTimeoutError,
    TlsError,
    TooSlowError,
    TotalTimeoutError,
    UnreachableError,
    UpstreamError,
)

ATTEMPTS = 3
_BACKOFF_SECONDS = 0.025
_IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


def is_idempotent(head: RequestHead) -> bool:
    """Return whether the request is idempotent: by its method, or because it has an Idempotency-Key."""
    return head.method in _IDEMPOTENT_METHODS or any(values(head.fields, "idempotency-key"))


def may_retry(error: UpstreamError, *, is_retryable: bool, has_untried: bool) -> bool:
    """Return whether to retry after ``error``; ``has_untried``: whether a replica has not been tried yet.

    Requests that failed before a byte was sent are always retryable. A replica that timed out is not tried again.
    """
    if isinstance(error, ConnectTimeoutError | TlsError):
        return has_untried
    if isinstance(error, UnreachableError):
        return True
    if isinstance(error, TooSlowError):
        return is_retryable and has_untried and not isinstance(error, TotalTimeoutError)
    return is_retryable and isinstance(error, BrokenResponseError)


def backoff(attempts: int) -> float:
    """Return the seconds to wait before a retry on the same replica: random, at most 25 ms * 2 ** attempts."""
    return random.uniform(0, _BACKOFF_SECONDS * 2**attempts)  # noqa: S311 -- jitter, no secret
