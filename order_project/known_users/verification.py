"""Verifies the user of an order: asks the user service, and falls back on known users."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from events.inbox.models import FeedCursor
from known_users.models import KnownUser
from user_client import UserServiceUnavailable, VerifiedUser, find_user

FEED = "user"
_REFUSED = "SELECT * FROM known_user WHERE user_id = %s AND state <> %s"  # a queryset took a quarter of such an order


def verify_user(user_id: int) -> VerifiedUser | None:
    """Return whether the user is active and when that was so; None where there is no such user.

    The user service is asked. While it is unavailable, its events tell of users that are deleted or deactivated; with
    ``settings.ORDERS_DURING_OUTAGE`` also of active ones, if they were read in the last ``USER_REPLICA_MAX_AGE``
    seconds. They also count against a user that the client remembers.

    Raises:
        UserServiceUnavailable: neither the user service nor its events can tell.
    """
    try:
        user = find_user(user_id)
    except UserServiceUnavailable:
        known = KnownUser.objects.filter(pk=user_id).first()
        if known is None or (known.state == KnownUser.State.ACTIVE and not settings.ORDERS_DURING_OUTAGE):
            raise
        read_at = _events_read_at()
        if known.state == KnownUser.State.ACTIVE and read_at is None:
            raise
        return _as_verified(known, read_at or known.changed_at)
    if user and user.is_remembered:
        refused = next(iter(KnownUser.objects.raw(_REFUSED, [user_id, KnownUser.State.ACTIVE])), None)
        return _as_verified(refused, refused.changed_at) if refused else user
    return user


def _as_verified(known: KnownUser, verified_at: datetime) -> VerifiedUser | None:
    if known.state == KnownUser.State.DELETED:
        return None
    return VerifiedUser(is_active=known.state == KnownUser.State.ACTIVE, verified_at=verified_at)


def _events_read_at() -> datetime | None:
    """Return when the events were last read to their end; None where that is too long ago, or was never."""
    oldest = timezone.now() - timedelta(seconds=settings.USER_REPLICA_MAX_AGE)
    cursor = FeedCursor.objects.filter(pk=FEED, caught_up_at__gte=oldest).first()
    return cursor.caught_up_at if cursor else None
