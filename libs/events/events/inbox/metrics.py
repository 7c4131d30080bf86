"""Metrics of the inbox, read from the database at each scrape, so that all processes report the same."""

from collections.abc import Iterable

from django.db import DatabaseError
from django.db.models import Count
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from events.inbox.models import DeadLetter, FeedCursor
from events.inbox.subscription import subscriptions


class InboxCollector(Collector):
    """Collects the lag and the dead letters of each feed; nothing while the database is unavailable."""

    def collect(self) -> Iterable[Metric]:
        """Return the metrics."""
        position = GaugeMetricFamily("inbox_position", "Position in the feed", labels=["feed"])
        head = GaugeMetricFamily("inbox_head", "Highest position of the feed, as last seen", labels=["feed"])
        lag = GaugeMetricFamily("inbox_lag_events", "Events that have not been read", labels=["feed"])
        age = GaugeMetricFamily("inbox_lag_seconds", "Seconds since the feed was read to its head", labels=["feed"])
        skipped = CounterMetricFamily("inbox_skipped_events", "Events of unknown types", labels=["feed"])
        letters = GaugeMetricFamily("inbox_dead_letters", "Events that were not applied", labels=["feed", "state"])
        try:
            cursors = FeedCursor.objects.in_bulk()
            unread = [FeedCursor(feed=one.feed) for one in subscriptions() if one.feed not in cursors]
            for cursor in (*cursors.values(), *unread):
                labels = [cursor.feed]
                position.add_metric(labels, cursor.position)
                head.add_metric(labels, cursor.head)
                lag.add_metric(labels, cursor.lag_events)
                skipped.add_metric(labels, cursor.skipped)
                if (seconds := cursor.lag_seconds) is not None:
                    age.add_metric(labels, seconds)
                counts = DeadLetter.objects.filter(feed=cursor.feed).values_list("state").annotate(Count("id"))
                found = dict(counts.order_by())
                for state in DeadLetter.State.values:
                    letters.add_metric([cursor.feed, state], found.get(state, 0))
        except DatabaseError:
            return []
        return [position, head, lag, age, skipped, letters]
