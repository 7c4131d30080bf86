import time
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.conftest import KNOWN_USER
from user_client import UserServiceUnavailable, cache, client, find_user
from user_client.cache import UserCache


@pytest.fixture
def travel(monkeypatch):
    """Advance the time of the cache to a number of seconds after the start of the test."""
    started_at = time.monotonic()

    def move(seconds):
        monkeypatch.setattr("user_client.cache.monotonic", lambda: started_at + seconds)

    move(0)
    return move


def test_cache_is_off_by_default(user_service):
    find_user(KNOWN_USER)
    find_user(KNOWN_USER)

    assert len(user_service.log) == 2


def test_known_user_is_cached_for_the_cache_seconds(user_service, settings, travel):
    settings.USER_CACHE_SECONDS = 5
    first = find_user(KNOWN_USER).verified_at

    travel(4.9)
    again = find_user(KNOWN_USER).verified_at
    travel(5.1)
    later = find_user(KNOWN_USER).verified_at

    assert again == first
    assert later > first
    assert len(user_service.log) == 2


def test_clock_that_is_set_back_does_not_extend_the_cache_seconds(user_service, settings, travel, monkeypatch):
    settings.USER_CACHE_SECONDS = 5
    find_user(KNOWN_USER)
    an_hour_ago = timezone.now() - timedelta(hours=1)
    monkeypatch.setattr(timezone, "now", lambda: an_hour_ago)

    travel(5.1)
    find_user(KNOWN_USER)

    assert len(user_service.log) == 2


def test_unknown_user_is_not_cached(user_service, settings):
    settings.USER_CACHE_SECONDS = 5

    find_user(8)
    find_user(8)

    assert len(user_service.log) == 2


@pytest.mark.django_db
def test_stale_entry_is_used_during_an_outage_and_dates_the_verification(api, user_service, settings, travel):
    settings.USER_STALE_SECONDS = 60
    seen_at = find_user(KNOWN_USER).verified_at
    settings.USER_SERVICE_URL = "http://127.0.0.1:1"
    order = {"user_id": KNOWN_USER, "product_name": "Laptop"}

    travel(59)
    placed = api.post("/orders", order, format="json")
    travel(61)
    refused = api.post("/orders", order, format="json")

    assert placed.status_code == 201
    assert placed.json()["user_verified_at"] == seen_at.isoformat().replace("+00:00", "Z")
    assert refused.status_code == 503


def test_deleted_user_is_evicted(user_service, settings):
    settings.USER_STALE_SECONDS = 60
    client.cache.put(8)

    assert find_user(8) is None
    settings.USER_SERVICE_URL = "http://127.0.0.1:1"
    with pytest.raises(UserServiceUnavailable):
        find_user(8)


def test_cache_is_bounded_and_keeps_the_latest(monkeypatch):
    monkeypatch.setattr(cache, "MAX_USERS", 2)
    users = UserCache()
    for user_id in (1, 2, 1, 3):
        users.put(user_id)

    assert [bool(users.seen_at(user_id, within_seconds=5)) for user_id in (1, 2, 3)] == [True, False, True]
