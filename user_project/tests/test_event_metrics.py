"""The state of the outbox as metrics."""

import re

import pytest
from django.db import connection
from rest_framework.test import APIClient

from events.outbox.metrics import OutboxCollector
from observability import metrics
from users.models import User


def scraped(name):
    (value,) = re.findall(rf"^{name} (\S+)$", APIClient().get("/metrics").content.decode(), flags=re.MULTILINE)
    return float(value)


@pytest.mark.django_db
def test_count_of_events_without_positions_is_bounded(monkeypatch):
    monkeypatch.setattr("events.outbox.metrics.MOST_COUNTED", 2)
    for number in range(3):
        User.objects.create(name="John", email=f"john{number}@example.com")

    assert scraped("outbox_unnumbered_events") == 2


@pytest.mark.django_db(transaction=True)
def test_other_metrics_remain_while_the_database_is_unavailable():
    connection.close()
    connection.settings_dict["PORT"], port = "1", connection.settings_dict["PORT"]
    try:
        found = [*OutboxCollector().collect()]
    finally:
        connection.close()
        connection.settings_dict["PORT"] = port

    assert found == []
    assert any(isinstance(each, OutboxCollector) for each in metrics.COLLECTORS)
