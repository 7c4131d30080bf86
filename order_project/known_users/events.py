"""Applies the user service's events to known users and their orders."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from events.inbox.models import FeedCursor
from events.inbox.subscription import Event, Reading, Subscription
from known_users.models import KnownUser, KnownUserQuerySet
from orders.models import Order

FEED = "user"
CHANGED, DELETED = "com.example.user.changed.v1", "com.example.user.deleted.v1"
RACE_WINDOW = timedelta(hours=1)  # exceeds the duration of any request, database outages included


def apply(events: Sequence[Event], reading: Reading) -> None:
    """Store the users of the events, and update the flags of their placed orders.

    Raises:
        KeyError, TypeError, ValueError, django.db.DataError: an event does not have the fields of its type.
    """
    changed = KnownUser.objects.store([_user(event) for event in events], reading)
    Order.objects.update_user_flags(**changed)


def _user(event: Event) -> KnownUser:
    data = event["data"]
    user_id, version = data["id"], data["version"]
    if type(user_id) is not int or type(version) is not int or event["subject"] != f"users/{user_id}":
        raise ValueError("The id and version must be integers, and the subject users/ID.")
    if event["type"] == DELETED:
        return KnownUser(user_id=user_id, version=version, state=KnownUser.State.DELETED)
    if not isinstance(data["name"], str) or not isinstance(data["is_active"], bool):
        raise TypeError("The name must be text, and is_active true or false.")
    state = KnownUser.State.ACTIVE if data["is_active"] else KnownUser.State.INACTIVE
    return KnownUser(user_id=user_id, version=version, name=data["name"], state=state)


def sweep_after_replay(reading: Reading, unapplied: Collection[str]) -> None:
    """Mark users that a complete replay did not contain as deleted, and update the flags of all placed orders."""
    KnownUser.objects.sweep(reading, unapplied)
    _flag_orders(KnownUser.objects.all())


def sweep() -> None:
    """Flag orders that were placed while an event of their user was applied. Skipped while another process consumes."""
    with transaction.atomic():
        if FeedCursor.objects.select_for_update(skip_locked=True).filter(pk=FEED).exists():
            _flag_orders(KnownUser.objects.filter(changed_at__gt=timezone.now() - RACE_WINDOW).exclude(state="active"))


def _flag_orders(known: KnownUserQuerySet) -> None:
    Order.objects.update_user_flags(
        **{state: known.filter(state=state).values("user_id") for state in KnownUser.State.values}
    )


users = Subscription(
    feed=FEED,
    url=lambda: f"{settings.USER_SERVICE_URL}/events",
    types=frozenset({CHANGED, DELETED}),
    apply=apply,
    sweep=sweep_after_replay,
    stream="users",
)
