"""The circuit breaker (M. Nygard, Release It!): an upstream that only fails is left alone for a while."""

import math
import time

from proxy import metrics
from proxy.errors import CircuitOpenError


class Breaker:
    """Opens after ``failures`` exchanges in a row that failed, and refuses the next ones for ``seconds``.

    Then it is half open: one exchange is let through while the others are still refused. Its success closes the
    circuit, its failure opens it for as long again.
    """

    def __init__(self, upstream: str, failures: int, seconds: float) -> None:
        self._gauge = metrics.CIRCUIT_OPEN.labels(upstream)
        self._most_failures = failures
        self._seconds = seconds
        self._failures = 0
        self._opened_at: float | None = None
        self._is_tried = False

    @property
    def state(self) -> str:
        """``closed``, ``open`` or ``half-open``."""
        if self._opened_at is None:
            return "closed"
        return "open" if self._seconds_left() > 0 else "half-open"

    def enter(self) -> None:
        """Begin an exchange; ``leave`` ends it.

        Raises:
            CircuitOpenError: the upstream is not to be asked now.
        """
        if self._opened_at is None:
            return
        left = self._seconds_left()
        if left > 0 or self._is_tried:
            retry_after = max(1, math.ceil(left))
            raise CircuitOpenError(
                "The upstream has failed repeatedly and rests.", {"Retry-After": str(retry_after)}
            )
        self._is_tried = True

    def leave(self, *, failed: bool | None) -> None:
        """End an exchange; None: it says nothing about the upstream, as when the client was to blame."""
        self._is_tried = False
        if failed is None:
            return
        if not failed:
            self._failures = 0
            if self._opened_at is not None:
                self._opened_at = None
                self._gauge.set(0)
            return
        self._failures += 1
        if self._failures >= self._most_failures:
            self._opened_at = time.monotonic()
            self._gauge.set(1)

    def _seconds_left(self) -> float:
        return (self._opened_at or 0) + self._seconds - time.monotonic()
