"""A circuit breaker: rejects calls after repeated failures, then allows a single trial call.

The pattern is Nygard's (*Release It!*, chapter "Stability Patterns").
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from threading import Lock


class State(Enum):
    """The state of the circuit."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class CircuitOpen(Exception):  # noqa: N818 - the field's term
    """The call was rejected; it can be retried after ``retry_after`` seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"circuit open for another {retry_after:.1f} s")
        self.retry_after = retry_after


class CircuitBreaker:
    """Guards the calls of one process to one service; safe to share between threads and between greenlets.

    Args:
        failures: the number of consecutive failures that opens the circuit.
        open_seconds: how long the circuit stays open. After that, one trial call closes or reopens it. If the trial
            takes longer than ``open_seconds``, the next call is a trial, too.
        counted: the exceptions that count as failures.
        on_change: called with the new state when the circuit opens and when it closes.
        clock: a monotonic clock, in seconds.
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
        self._trial_until = 0.0  # until then, a trial call excludes others

    @property
    def state(self) -> State:
        """The current state."""
        if self._opened_at is None:
            return State.CLOSED
        return State.OPEN if self._remaining() > 0 else State.HALF_OPEN

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Guard one call.

        Raises:
            CircuitOpen: the call was rejected.
        """
        trial_until = self._admit()
        try:
            yield
        except self._counted:
            self._record_failure(trial_until)
            raise
        except BaseException:
            if trial_until == self._trial_until:
                self._trial_until = 0.0  # inconclusive: the next call is the trial
            raise
        else:
            self._record_success()

    def _remaining(self) -> float:
        return 0.0 if self._opened_at is None else self._opened_at + self._open_seconds - self._clock()

    def _admit(self) -> float:
        """Admit a call; return until when it excludes others as the trial of a half-open circuit, or 0."""
        with self._lock:
            if self._opened_at is None:
                return 0.0
            now = self._clock()
            remaining = max(self._remaining(), self._trial_until - now)
            if remaining > 0:
                raise CircuitOpen(remaining)
            self._trial_until = now + self._open_seconds
            return self._trial_until

    def _record_failure(self, trial_until: float) -> None:
        with self._lock:
            self._failures += 1
            # Only the latest trial reopens the circuit. Other calls began before it opened, or before it last closed.
            is_latest_trial = 0 < trial_until == self._trial_until
            if self._failures >= self._threshold if self._opened_at is None else is_latest_trial:
                self._opened_at = self._clock()
                self._trial_until = 0.0
                self._on_change(State.OPEN)

    def _record_success(self) -> None:
        with self._lock:
            self._failures = 0
            self._trial_until = 0.0
            if self._opened_at is not None:
                self._opened_at = None
                self._on_change(State.CLOSED)
