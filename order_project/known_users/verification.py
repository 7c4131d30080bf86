"""Verifies the user of an order, with the user service or, during an outage, with known users."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from events.inbox.models import FeedCursor
from known_users.events import FEED
from known_users.models import KnownUser
from user_client import UserServiceUnavailable, VerifiedUser, find_user

CLOCK_SKEW = timedelta(minutes=1)  # at most, of the worker that reads the events, ahead of the database
# Runs for every order of a cached user; a queryset would take several times as long.
_NOT_ACTIVE = "SELECT state, changed_at FROM known_user WHERE user_id = %s AND state <> %s"


def verify_user(user_id: int) -> VerifiedUser | None:
    """Return whether the user is active, and as of when; None if the user does not exist.

    If the user service is unavailable, a deleted or deactivated known user is rejected. An active one is accepted with
    ``settings.ORDERS_DURING_OUTAGE``, if the events were read to their end in the last ``USER_REPLICA_MAX_AGE``
    seconds. A cached user is rejected if the known user is deleted or deactivated.

    Raises:
        UserServiceUnavailable: neither the user service nor a known user verifies the user.
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
        return _as_verified(known.state, read_at or known.changed_at)
    if user and user.is_cached:
        with connection.cursor() as cursor:
            cursor.execute(_NOT_ACTIVE, [user_id, KnownUser.State.ACTIVE])
            not_active = cursor.fetchone()
        return _as_verified(*not_active) if not_active else user
    return user


def _as_verified(state: str, verified_at: datetime) -> VerifiedUser | None:
    if state == KnownUser.State.DELETED:
        return None
    return VerifiedUser(is_active=state == KnownUser.State.ACTIVE, verified_at=verified_at)


def _events_read_at() -> datetime | None:
    """Return when the events were last read to their end; None if never, too long ago, or in the future."""
    valid = (Now() - timedelta(seconds=settings.USER_REPLICA_MAX_AGE), Now() + CLOCK_SKEW)
    return FeedCursor.objects.filter(pk=FEED, caught_up_at__range=valid).values_list("caught_up_at", flat=True).first()
