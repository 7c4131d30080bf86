import time

import pytest

from user_client.places import LONGEST_WAIT, SHORTEST_WAIT, NoPlace, Places


def seconds_until_refused(places):
    started = time.monotonic()
    with places.take(), pytest.raises(NoPlace), places.take():
        pass
    return time.monotonic() - started


@pytest.mark.timing
def test_wait_for_a_slot_is_short_if_calls_are_fast():
    places = Places(1)

    assert SHORTEST_WAIT <= seconds_until_refused(places) < LONGEST_WAIT


def test_wait_for_a_slot_grows_with_the_duration_of_calls():
    places = Places(1)
    with places.take():
        time.sleep(0.2)

    assert seconds_until_refused(places) >= LONGEST_WAIT


@pytest.mark.timing
def test_failed_call_releases_its_slot_and_is_not_averaged():
    places = Places(1)

    def fail_slowly():
        with places.take():
            time.sleep(0.2)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        fail_slowly()

    assert seconds_until_refused(places) < LONGEST_WAIT
