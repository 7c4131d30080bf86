import contextlib
from threading import Barrier, Thread

import pytest

from chassis.circuit_breaker import CircuitBreaker, CircuitOpen, State


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


def test_failures_in_a_row_open_it_and_calls_are_refused_with_the_time_left(breaker, clock, changes):
    fail(breaker, 2)
    clock.now = 4.0

    with pytest.raises(CircuitOpen) as refusal:
        call(breaker)

    assert refusal.value.retry_after == 6.0
    assert (breaker.state, changes) == (State.OPEN, [State.OPEN])


def test_success_between_failures_starts_the_count_anew(breaker):
    fail(breaker, 1)
    call(breaker)
    fail(breaker, 1)

    assert breaker.state is State.CLOSED


def test_other_exceptions_are_no_failures(breaker):
    for _ in range(5):
        with pytest.raises(KeyError):
            call(breaker, KeyError())

    assert breaker.state is State.CLOSED


def test_success_of_the_trial_closes_it(breaker, clock, changes):
    fail(breaker, 2)
    clock.now = 10.0
    assert breaker.state is State.HALF_OPEN

    call(breaker)

    assert (breaker.state, changes) == (State.CLOSED, [State.OPEN, State.CLOSED])


def test_failure_of_the_trial_opens_it_for_the_whole_time_again(breaker, clock):
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


def test_trial_that_says_nothing_leaves_the_next_call_to_try(breaker, clock):
    fail(breaker, 2)
    clock.now = 10.0
    with pytest.raises(KeyError):
        call(breaker, KeyError())

    call(breaker)

    assert breaker.state is State.CLOSED


def test_late_failures_of_calls_from_before_prolong_nothing(breaker, clock):
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


def test_calls_from_before_that_end_during_the_trial_are_no_trial(breaker, clock):
    earlier = [breaker.guard(), breaker.guard()]
    for call_from_before in earlier:
        call_from_before.__enter__()
    fail(breaker, 2)
    clock.now = 10.0

    with breaker.guard():
        for call_from_before, error in zip(earlier, (KeyError(), Failure()), strict=True):
            call_from_before.__exit__(type(error), error, None)
        with pytest.raises(CircuitOpen):
            call(breaker)
        assert breaker.state is State.HALF_OPEN
