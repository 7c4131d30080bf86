"""Metrics of the outbox, read from the database at each scrape, so that all processes report the same."""

from collections.abc import Iterable

from django.db import DatabaseError
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from events.outbox.models import Event, Feed

MOST_COUNTED = 100_000


class OutboxCollector(Collector):
    """Collects the head and the number of unnumbered events; nothing while the database is unavailable."""

    def collect(self) -> Iterable[Metric]:
        """Return the metrics."""
        try:
            waiting = Event.objects.filter(position=None)[:MOST_COUNTED].count()
            head = Feed.objects.values_list("head", flat=True).first()
        except DatabaseError:
            return []
        text = f"Events without a position, {MOST_COUNTED} at most"
        return [
            GaugeMetricFamily("outbox_unnumbered_events", text, waiting),
            GaugeMetricFamily("outbox_head_position", "Highest position of the feed", head or 0),
        ]
