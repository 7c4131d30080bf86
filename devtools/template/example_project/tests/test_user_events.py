"""Known users, a replica built from the events of the user service."""

from uuid import UUID

import pytest
from pytest_httpserver import HTTPServer

from events.inbox.consumer import Consumer
from events.inbox.models import FeedCursor
from events.inbox.subscription import Reading, subscriptions
from widgets.models import KnownUser
from widgets.user_events import CHANGED, DELETED, apply, sweep, users

EPOCH, OTHER_EPOCH = UUID(int=1), UUID(int=2)

pytestmark = pytest.mark.django_db


def changed(version, *, number=7, name="First"):
    return {"type": CHANGED, "data": {"id": number, "version": version, "name": name}}


def deleted(version):
    return {"type": DELETED, "data": {"id": 7, "version": version}}


def reading(epoch=EPOCH, generation=0, *, is_replaying=False):
    return Reading(epoch, generation, is_replaying)


def known(number=7):
    found = KnownUser.objects.get(pk=number)
    return found.version, found.data.get("name"), found.is_deleted


def test_a_page_of_the_feed_is_stored(httpserver: HTTPServer, settings):
    settings.USER_SERVICE_URL = httpserver.url_for("").rstrip("/")
    page = [changed(1) | {"id": "a"}, changed(2, name="Second") | {"id": "b"}]
    headers = {"Event-Cursor": f"{EPOCH}:2", "Event-Head": "2"}
    httpserver.expect_request("/events").respond_with_json(page, headers=headers)

    has_more = Consumer(users).consume()

    assert known() == (2, "Second", False)
    assert (has_more, FeedCursor.objects.get(feed="user").position) == (False, 2)


def test_the_worker_consumes_the_events():
    assert users in subscriptions()


def test_events_may_come_twice_and_in_any_order():
    apply([changed(3, name="Third")], reading())
    apply([changed(2, name="Second"), changed(1), changed(3, name="Third")], reading())

    assert known() == (3, "Third", False)


def test_a_deleted_user_stays_deleted():
    apply([deleted(3), changed(2)], reading())

    assert known() == (3, None, True)


def test_an_event_of_a_new_epoch_wins_regardless_of_versions():
    apply([changed(9)], reading())

    apply([changed(2, name="Second")], reading(OTHER_EPOCH, 1))

    assert known() == (2, "Second", False)


def test_users_missing_from_a_replay_are_deleted():
    apply([changed(1), changed(1, number=8)], reading())

    apply([changed(1)], again := reading(generation=1, is_replaying=True))
    sweep(again, [])

    assert (known(7)[2], known(8)[2]) == (False, True)


@pytest.mark.parametrize("data", [{}, {"id": "7", "version": 1}, {"id": 7, "version": True}, None])
def test_a_malformed_event_is_refused(data):
    with pytest.raises((KeyError, TypeError)):
        apply([{"type": CHANGED, "data": data}], reading())
