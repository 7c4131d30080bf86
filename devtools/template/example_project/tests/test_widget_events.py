"""The events of widgets, for other services."""

import pytest

from events.outbox.feed import read_page
from widgets.management.commands.work import Command

pytestmark = pytest.mark.django_db


def test_each_change_is_an_event(make_widget):
    widget = make_widget(name="First")
    number = widget.id
    widget.name = "Changed"
    widget.save()
    widget.delete()

    events = read_page(None, 10, "/example-service").events

    assert [(event["type"], event["subject"], event["data"]) for event in events] == [
        ("com.example.example.changed.v1", f"widgets/{number}", {"id": number, "name": "First", "version": 1}),
        ("com.example.example.changed.v1", f"widgets/{number}", {"id": number, "name": "Changed", "version": 2}),
        ("com.example.example.deleted.v1", f"widgets/{number}", {"id": number, "version": 3}),
    ]


def test_feed_is_served(api, make_widget):
    make_widget()

    response = api.get("/events")

    assert response["Content-Type"] == "application/cloudevents-batch+json"
    assert len(response.json()) == 1


def test_worker_purges_old_events():
    assert "purge events" in [job.name for job in Command().jobs()]


@pytest.mark.parametrize(("url", "relays"), [("", False), ("redis://127.0.0.1:6379/0", True)])
def test_worker_relays_events_to_a_configured_broker(settings, url, relays):
    settings.EVENTS_BROKER_URL = url

    names = [job.name for job in Command().jobs()]

    assert ("relay events" in names) == relays
