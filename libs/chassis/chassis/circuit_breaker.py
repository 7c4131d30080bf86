"""A circuit breaker: after repeated failures it refuses calls at once for a while, then lets a single one try.

The pattern is Nygard's (*Release It!*, chapter "Stability Patterns").
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from threading import Lock


class State(Enum):
    """What happens to the next call."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class CircuitOpen(Exception):  # noqa: N818 - the field's term
    """The call was refused; it can be repeated after ``retry_after`` seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"circuit open for another {retry_after:.1f} s")
        self.retry_after = retry_after


class CircuitBreaker:
    """Guards the calls of one process to one other party; safe to share between threads and between greenlets.

    Args:
        failures: so many failures in a row open the circuit.
        open_seconds: so long it stays open; then one call is let through, whose end closes or reopens it.
        counted: the exceptions that are failures of the other party.
        on_change: called with the new state when the circuit opens and when it closes.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        failures: int,
        open_seconds: float,
        counted: tuple[type[Exception], ...],
        on_change: Callable[[State], None] = lambda state: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._threshold = failures
        self._open_seconds = open_seconds
        self._counted = counted
        self._on_change = on_change
        self._clock = clock
        self._lock = Lock()
        self._failures = 0
        self._opened_at: float | None = None
        self._on_trial = False

    @property
    def state(self) -> State:
        """The state now."""
        if self._opened_at is None:
            return State.CLOSED
        return State.OPEN if self._remaining() > 0 else State.HALF_OPEN

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Run one call.

        Raises:
            CircuitOpen: it was not run.
        """
        is_trial = self._admit()
        try:
            yield
        except self._counted:
            self._record_failure(is_trial=is_trial)
            raise
        except BaseException:
            if is_trial:
                self._on_trial = False  # it says nothing about the other party; the next call tries again
            raise
        else:
            self._record_success()

    def _remaining(self) -> float:
        return 0.0 if self._opened_at is None else self._opened_at + self._open_seconds - self._clock()

    def _admit(self) -> bool:
        """Return whether the call is the trial of a half-open circuit."""
        with self._lock:
            if self._opened_at is None:
                return False
            remaining = self._remaining()
            if remaining > 0 or self._on_trial:
                raise CircuitOpen(max(remaining, 0.0))
            self._on_trial = True
            return True

    def _record_failure(self, *, is_trial: bool) -> None:
        with self._lock:
            self._failures += 1
            # A call that was admitted before the circuit opened prolongs nothing.
            if is_trial or (self._opened_at is None and self._failures >= self._threshold):
                self._opened_at = self._clock()
                self._on_trial = False
                self._on_change(State.OPEN)

    def _record_success(self) -> None:
        with self._lock:
            self._failures = 0
            self._on_trial = False
            if self._opened_at is not None:
                self._opened_at = None
                self._on_change(State.CLOSED)
