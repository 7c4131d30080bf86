import time

import pytest

from user_client.places import LONGEST_WAIT, SHORTEST_WAIT, NoPlace, Places


def seconds_until_refused(places):
    started = time.monotonic()
    with places.take(), pytest.raises(NoPlace), places.take():
        pass
    return time.monotonic() - started


@pytest.mark.timing
def test_place_is_waited_for_briefly_where_calls_are_quick():
    places = Places(1)

    assert SHORTEST_WAIT <= seconds_until_refused(places) < LONGEST_WAIT


def test_place_is_waited_for_longer_where_calls_take_longer():
    places = Places(1)
    with places.take():
        time.sleep(0.2)

    assert seconds_until_refused(places) >= LONGEST_WAIT


@pytest.mark.timing
def test_call_that_failed_frees_its_place_and_says_nothing_about_how_long_calls_take():
    places = Places(1)

    def fail_slowly():
        with places.take():
            time.sleep(0.2)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        fail_slowly()

    assert seconds_until_refused(places) < LONGEST_WAIT
