import time

import pytest

from calls.bulkhead import LONGEST_WAIT, SHORTEST_WAIT, Bulkhead, BulkheadFull


def seconds_until_refused(bulkhead):
    started = time.monotonic()
    with bulkhead.acquire(), pytest.raises(BulkheadFull), bulkhead.acquire():
        pass
    return time.monotonic() - started


@pytest.mark.timing
def test_wait_for_a_slot_is_short_if_calls_are_fast():
    bulkhead = Bulkhead(1)

    assert SHORTEST_WAIT <= seconds_until_refused(bulkhead) < LONGEST_WAIT


def test_wait_for_a_slot_grows_with_the_duration_of_calls():
    bulkhead = Bulkhead(1)
    with bulkhead.acquire():
        time.sleep(0.2)

    assert seconds_until_refused(bulkhead) >= LONGEST_WAIT


@pytest.mark.timing
def test_failed_call_releases_its_slot_and_is_not_averaged():
    bulkhead = Bulkhead(1)

    def fail_slowly():
        with bulkhead.acquire():
            time.sleep(0.2)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        fail_slowly()

    assert seconds_until_refused(bulkhead) < LONGEST_WAIT
