import contextlib
from threading import Barrier, Thread

import pytest

from calls.circuit_breaker import CircuitBreaker, CircuitOpen, State


class Failure(Exception):  # noqa: N818 - the term
    pass


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def changes():
    return []


@pytest.fixture
def breaker(clock, changes):
    return CircuitBreaker(2, 10.0, counted=(Failure,), on_change=changes.append, clock=clock)


def call(breaker, error=None):
    with breaker.guard():
        if error:
            raise error


def fail(breaker, times):
    for _ in range(times):
        with pytest.raises(Failure):
            call(breaker, Failure())


def test_consecutive_failures_open_the_circuit(breaker, clock, changes):
    fail(breaker, 2)
    clock.now = 4.0

    with pytest.raises(CircuitOpen) as refusal:
        call(breaker)

    assert refusal.value.retry_after == 6.0
    assert (breaker.state, changes) == (State.OPEN, [State.OPEN])


def test_success_resets_the_failure_count(breaker):
    fail(breaker, 1)
    call(breaker)
    fail(breaker, 1)

    assert breaker.state is State.CLOSED


def test_other_exceptions_do_not_count_as_failures(breaker):
    for _ in range(5):
        with pytest.raises(KeyError):
            call(breaker, KeyError())

    assert breaker.state is State.CLOSED


def test_successful_trial_closes_the_circuit(breaker, clock, changes):
    fail(breaker, 2)
    clock.now = 10.0
    assert breaker.state is State.HALF_OPEN

    call(breaker)

    assert (breaker.state, changes) == (State.CLOSED, [State.OPEN, State.CLOSED])


def test_failed_trial_reopens_the_circuit(breaker, clock):
    fail(breaker, 2)
    clock.now = 10.0
    fail(breaker, 1)
    clock.now = 19.0

    with pytest.raises(CircuitOpen) as refusal:
        call(breaker)

    assert refusal.value.retry_after == 1.0


def test_only_one_call_is_the_trial(breaker, clock):
    fail(breaker, 2)
    clock.now = 10.0

    with breaker.guard(), pytest.raises(CircuitOpen):
        call(breaker)

    assert breaker.state is State.CLOSED


def test_unfinished_trial_is_followed_by_another_trial_after_the_open_time(breaker, clock):
    fail(breaker, 2)
    clock.now = 10.0

    with breaker.guard():
        clock.now = 19.0
        with pytest.raises(CircuitOpen) as refusal:
            call(breaker)
        clock.now = 20.0
        call(breaker)

    assert refusal.value.retry_after == 1.0
    assert breaker.state is State.CLOSED


def test_failure_of_an_earlier_trial_does_not_reopen_the_circuit(breaker, clock):
    fail(breaker, 2)
    clock.now = 10.0

    with contextlib.suppress(Failure), breaker.guard():
        clock.now = 20.0
        call(breaker)
        raise Failure

    assert breaker.state is State.CLOSED


@pytest.mark.parametrize("error", [KeyError(), Failure()])
def test_end_of_an_earlier_trial_does_not_end_the_next(breaker, clock, error):
    fail(breaker, 2)
    clock.now = 10.0
    earlier = breaker.guard()
    earlier.__enter__()
    clock.now = 20.0

    with breaker.guard():
        earlier.__exit__(type(error), error, None)
        clock.now = 29.0
        with pytest.raises(CircuitOpen) as refusal:
            call(breaker)

    assert refusal.value.retry_after == 1.0
    assert breaker.state is State.CLOSED


def test_inconclusive_trial_is_followed_by_another_trial(breaker, clock):
    fail(breaker, 2)
    clock.now = 10.0
    with pytest.raises(KeyError):
        call(breaker, KeyError())

    call(breaker)

    assert breaker.state is State.CLOSED


def test_late_failure_does_not_extend_the_open_time(breaker, clock):
    start, proceed = Barrier(2), Barrier(2)

    def late():
        with contextlib.suppress(Failure), breaker.guard():
            start.wait(5)
            proceed.wait(5)
            raise Failure

    thread = Thread(target=late)
    thread.start()
    start.wait(5)
    fail(breaker, 2)
    clock.now = 9.0
    proceed.wait(5)
    thread.join(5)
    clock.now = 10.0

    assert breaker.state is State.HALF_OPEN


def test_earlier_calls_that_end_during_the_trial_do_not_count_as_trial(breaker, clock):
    earlier = [breaker.guard(), breaker.guard()]
    for earlier_call in earlier:
        earlier_call.__enter__()
    fail(breaker, 2)
    clock.now = 10.0

    with breaker.guard():
        for earlier_call, error in zip(earlier, (KeyError(), Failure()), strict=True):
            earlier_call.__exit__(type(error), error, None)
        with pytest.raises(CircuitOpen):
            call(breaker)
        assert breaker.state is State.HALF_OPEN
