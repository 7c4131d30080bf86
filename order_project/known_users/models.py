"""The model of known users, a replica built from events."""

from collections.abc import Collection
from typing import Any

from django.db import connection, models
from django.db.models.functions import Now

from events.inbox.subscription import Reading, ids_of

_UPSERT = """
    INSERT INTO known_user AS known (user_id, version, name, state, epoch, generation, changed_at)
    SELECT DISTINCT ON (user_id)
        user_id, version, name, state, %(epoch)s::uuid, %(generation)s, statement_timestamp()
    FROM unnest(%(ids)s::bigint[], %(versions)s::bigint[], %(names)s::text[], %(states)s::text[])
        AS event (user_id, version, name, state)
    ORDER BY user_id, version DESC
    ON CONFLICT (user_id) DO UPDATE SET
        version = excluded.version, name = excluded.name, state = excluded.state, epoch = excluded.epoch,
        generation = excluded.generation, changed_at = excluded.changed_at
    WHERE known.version < excluded.version OR known.epoch <> excluded.epoch
    RETURNING user_id, state
"""


class KnownUserQuerySet(models.QuerySet["KnownUser"]):
    """Upserts users from events, and sweeps them after a replay."""

    def store(self, users: "list[KnownUser]", reading: Reading) -> dict[str, list[int]]:
        """Store users that are newer than the stored ones; return the ids of the stored users by state.

        A user of the current epoch is newer than one of another epoch, regardless of the version: the producer was
        restored from a backup.
        """
        values: dict[str, Any] = {
            "ids": [user.user_id for user in users],
            "versions": [user.version for user in users],
            "names": [user.name for user in users],
            "states": [user.state for user in users],
            "epoch": str(reading.epoch),
            "generation": reading.generation,
        }
        changed: dict[str, list[int]] = {}
        with connection.cursor() as cursor:
            cursor.execute(_UPSERT, values)
            for user_id, state in cursor.fetchall():
                changed.setdefault(state, []).append(user_id)
        if reading.is_replaying:  # the replay contained the unchanged users, too
            seen = self.filter(user_id__in=values["ids"], generation__lt=reading.generation)
            seen.update(generation=reading.generation)
        return changed

    def sweep(self, reading: Reading, unapplied: Collection[str]) -> None:
        """Mark users that a complete replay did not contain as deleted, except the subjects of ``unapplied`` events.

        They keep their epoch, so that a new user with a reused id is stored in this one, whatever its version.
        """
        unseen = self.filter(generation__lt=reading.generation).exclude(pk__in=ids_of(unapplied))
        gone = unseen.exclude(state=KnownUser.State.DELETED)
        gone.update(state=KnownUser.State.DELETED, name="", changed_at=Now())


class KnownUser(models.Model):
    """A user as of the newest consumed event. Deleted users are kept, without their names."""

    class State(models.TextChoices):
        """The state of a user. Only active users can order."""

        ACTIVE = "active"
        INACTIVE = "inactive"
        DELETED = "deleted"

    user_id = models.BigIntegerField(primary_key=True)
    version = models.BigIntegerField()
    name = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=20, choices=State)
    epoch = models.UUIDField(help_text="Of the log that the version counts in.")
    generation = models.PositiveIntegerField(help_text="The reading of the feed that showed the user last.")
    changed_at = models.DateTimeField(help_text="When this service learned it.")

    objects = KnownUserQuerySet.as_manager()

    class Meta:
        db_table = "known_user"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["active", "inactive", "deleted"]), name="known_user_state_known"
            )
        ]
        indexes = [
            models.Index(fields=["changed_at"], condition=~models.Q(state="active"), name="known_user_changed_at")
        ]

    def __str__(self) -> str:
        return f"User {self.user_id}, {self.state}"
