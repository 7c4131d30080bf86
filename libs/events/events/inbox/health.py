"""The lag of each feed, for the readiness of the service."""

from events.inbox.models import FeedCursor
from events.inbox.subscription import subscriptions


def lags() -> dict[str, dict[str, float | None]]:
    """Return the lag by feed, as in ``FeedCursor``."""
    cursors = FeedCursor.objects.in_bulk()
    feeds = [cursors.get(one.feed, FeedCursor(feed=one.feed)) for one in subscriptions()]
    return {one.feed: {"lag_events": one.lag_events, "lag_seconds": one.lag_seconds} for one in feeds}
