"""The log of events, and the state of its feed."""

from datetime import timedelta
from typing import Any

from django.contrib.postgres.functions import RandomUUID
from django.db import connection, models, transaction
from django.db.models.functions import Now

TOMBSTONE_LIFETIME = timedelta(days=90)

_NUMBER = """
    WITH next AS (
        SELECT id, row_number() OVER (ORDER BY id) AS place
        FROM (SELECT id FROM outbox_event WHERE position IS NULL ORDER BY id LIMIT %(limit)s) AS first
    ), numbered AS (
        UPDATE outbox_event AS event SET position = %(head)s + next.place
        FROM next WHERE event.id = next.id RETURNING event.id
    )
    UPDATE outbox_feed SET head = head + (SELECT count(*) FROM numbered) RETURNING head
"""
_COMPACT = """
    WITH page AS (
        SELECT id, position, time < statement_timestamp() - %(age)s AS is_old FROM outbox_event
        WHERE position > %(after)s ORDER BY position LIMIT %(limit)s
    ), compacted AS (
        DELETE FROM outbox_event AS old USING page
        WHERE old.id = page.id AND page.is_old
            AND EXISTS (SELECT FROM outbox_event AS new WHERE new.subject = old.subject AND new.version > old.version)
        RETURNING old.id
    )
    SELECT (SELECT count(*) FROM compacted), max(position) FILTER (WHERE is_old) FROM page
"""
_PURGE = """
    WITH purged AS (
        DELETE FROM outbox_event WHERE id IN (
            SELECT gone.id FROM outbox_event AS gone
            WHERE gone.position IS NOT NULL AND gone.type LIKE '%%.deleted.%%'
                AND gone.time < statement_timestamp() - %(age)s
                AND NOT EXISTS (SELECT FROM outbox_event AS old WHERE old.subject = gone.subject AND old.id < gone.id)
            ORDER BY gone.position LIMIT %(limit)s
        ) RETURNING position
    ), last AS (SELECT count(*) AS purged, max(position) AS position FROM purged)
    UPDATE outbox_feed SET purged_to = greatest(purged_to, last.position) FROM last RETURNING last.purged
"""


class EventQuerySet(models.QuerySet["Event"]):
    """Numbers, compacts and purges events. Triggers write them."""

    def number(self, limit: int = 10_000) -> None:
        """Give the next positions to up to ``limit`` committed events, unless another process is numbering.

        Events are numbered after the commit. So no event appears before a position that was already read, positions
        have no gaps, and an open transaction delays its own events only. The events of a subject are in the order of
        its versions, because each write locked its row.
        """
        with transaction.atomic(using=self.db), connection.cursor() as cursor:
            cursor.execute("SELECT head FROM outbox_feed FOR UPDATE SKIP LOCKED")
            if locked := cursor.fetchone():
                cursor.execute(_NUMBER, {"head": locked[0], "limit": limit})

    def compact(self, age: timedelta, batch_size: int, after: int = 0) -> tuple[int, int | None]:
        """Delete events that are older than ``age`` and replaced by a newer event of their subject.

        Examines ``batch_size`` events after the position ``after``. Returns the number of deleted events, and the
        position to continue from: None at the end of the old events.
        """
        with connection.cursor() as cursor:
            values: dict[str, Any] = {"age": age, "after": after, "limit": batch_size}
            cursor.execute(_COMPACT, values)
            deleted, last = cursor.fetchone()
            return deleted, last

    def purge(self, batch_size: int, age: timedelta = TOMBSTONE_LIFETIME) -> int:
        """Delete up to ``batch_size`` events of deletions older than ``age``; readers before them must replay.

        Keeps a deletion while an older event of its subject exists, which a replay would otherwise apply last.
        """
        with connection.cursor() as cursor:
            values: dict[str, Any] = {"age": age, "limit": batch_size}
            cursor.execute(_PURGE, values)
            found = cursor.fetchone()
            return found[0] if found else 0


class Event(models.Model):
    """A change of a row, with its state afterwards. Triggers write events; see ``events.outbox.publish``."""

    position = models.BigIntegerField(null=True, unique=True, help_text="In the feed; none before it is numbered.")
    event_id = models.UUIDField(db_default=RandomUUID())
    subject = models.CharField(max_length=200, help_text="What changed: users/7.")
    version = models.BigIntegerField(help_text="Of the subject, from 1, without gaps.")
    type = models.CharField(max_length=200)
    time = models.DateTimeField(db_default=Now())
    data = models.JSONField()
    traceparent = models.CharField(max_length=55, blank=True, db_default="", help_text="Of the request that wrote it.")
    actor = models.TextField(blank=True, db_default="", help_text="Who made the request that wrote it.")

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["subject", "version"], name="outbox_event_subject_version")]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(position=None), name="outbox_event_unnumbered"),
            models.Index(
                fields=["position"], condition=models.Q(type__contains=".deleted."), name="outbox_event_deleted"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.subject} {self.version}"


class Feed(models.Model):
    """The state of the one feed of this database."""

    epoch = models.UUIDField(db_default=RandomUUID(), help_text="Another one after a restore: readers start anew.")
    cluster = models.CharField(max_length=40, help_text="PostgreSQL's system identifier, which a restored copy lacks.")
    head = models.BigIntegerField(db_default=0, help_text="The highest position.")
    purged_to = models.BigIntegerField(db_default=0, help_text="The highest position of a purged deletion.")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="outbox_feed_is_one")]

    def __str__(self) -> str:
        return f"{self.epoch}:{self.head}"
