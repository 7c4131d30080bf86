"""The lag of the consumed user events, in readiness and metrics."""

from datetime import timedelta

import pytest
from django.utils import timezone

from events.inbox.models import FeedCursor


def lag(api):
    response = api.get("/health/ready")
    assert response.status_code == 200
    return response.json()["events"]


@pytest.mark.django_db
def test_a_feed_that_was_never_read_has_no_age(api):
    assert lag(api) == {"user": {"lag_events": 0, "lag_seconds": None}}


@pytest.mark.django_db
def test_a_feed_that_was_never_read_has_metrics_and_no_age(api):
    text = api.get("/metrics").content.decode()

    assert 'inbox_lag_events{feed="user"} 0.0' in text
    assert "inbox_lag_seconds{" not in text


@pytest.mark.django_db
@pytest.mark.parametrize(("position", "events"), [(30, 12), (42, 0)])
def test_lag_is_in_events_and_in_seconds(api, position, events):
    read_at = timezone.now() - timedelta(seconds=90)
    FeedCursor.objects.create(feed="user", position=position, head=42, caught_up_at=read_at)

    found = lag(api)["user"]

    assert found["lag_events"] == events
    assert 90 <= found["lag_seconds"] < 120


@pytest.mark.django_db
def test_a_clock_that_is_behind_gives_no_negative_age(api):
    FeedCursor.objects.create(feed="user", caught_up_at=timezone.now() + timedelta(seconds=5))

    assert lag(api)["user"]["lag_seconds"] == 0
