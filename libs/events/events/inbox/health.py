"""The lag of each feed, for the readiness of the service."""

from django.utils import timezone

from events.inbox.models import FeedCursor
from events.inbox.subscription import subscriptions


def lags() -> dict[str, dict[str, float | None]]:
    """Return the lag by feed: the number of unread events, and the seconds since the feed was read to its head.

    ``lag_seconds`` is None before the feed was read to its head for the first time.
    """
    cursors, now = FeedCursor.objects.in_bulk(), timezone.now()
    found: dict[str, dict[str, float | None]] = {}
    for feed in (subscription.feed for subscription in subscriptions()):
        cursor = cursors.get(feed, FeedCursor(feed=feed))
        age = (now - cursor.caught_up_at).total_seconds() if cursor.caught_up_at else None
        events, seconds = max(0, cursor.head - cursor.position), None if age is None else round(max(0.0, age), 1)
        found[feed] = {"lag_events": events, "lag_seconds": seconds}
    return found
