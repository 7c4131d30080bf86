"""Stores the users that the events of the user service contain."""

from collections.abc import Collection, Sequence

from django.conf import settings

from events.inbox.subscription import Event, Reading, Subscription, ids_of
from widgets.models import KnownUser

CHANGED, DELETED = "com.example.user.changed.v1", "com.example.user.deleted.v1"


def apply(events: Sequence[Event], reading: Reading) -> None:
    """Store users that are newer than the stored ones.

    The consumer holds the feed's lock against concurrent writes.

    Raises:
        KeyError, TypeError, ValueError: an event does not have the fields of its type.
    """
    received = sorted((_user(event, reading) for event in events), key=lambda each: each.version)
    newest = {each.pk: each for each in received}
    KnownUser.objects.filter(pk__in=newest).update(generation=reading.generation)
    known = KnownUser.objects.in_bulk(newest)
    KnownUser.objects.bulk_create(
        [each for each in newest.values() if _is_newer(each, known.get(each.pk))],
        update_conflicts=True,
        unique_fields=["user_id"],
        update_fields=["version", "data", "is_deleted", "epoch", "generation"],
    )


def _user(event: Event, reading: Reading) -> KnownUser:
    data = event["data"]
    number, version = data["id"], data["version"]
    if type(number) is not int or type(version) is not int:
        raise TypeError("The id and version must be integers.")
    return KnownUser(
        user_id=number,
        version=version,
        data=data,
        is_deleted=event["type"] == DELETED,
        epoch=reading.epoch,
        generation=reading.generation,
    )


def _is_newer(received: KnownUser, known: KnownUser | None) -> bool:
    return known is None or known.epoch != received.epoch or known.version < received.version


def sweep(reading: Reading, unapplied: Collection[str]) -> None:
    """Mark users missing from a complete replay as deleted, except those of ``unapplied`` events."""
    unseen = KnownUser.objects.filter(generation__lt=reading.generation)
    unseen.exclude(pk__in=ids_of(unapplied)).update(is_deleted=True)


users = Subscription(
    feed="user",
    url=lambda: f"{settings.USER_SERVICE_URL}/events",
    types=frozenset({CHANGED, DELETED}),
    apply=apply,
    sweep=sweep,
    stream="users",
)
