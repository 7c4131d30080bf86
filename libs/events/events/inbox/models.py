"""Cursors of feeds, and dead letters."""

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from events.cursor import Cursor


class FeedCursor(models.Model):
    """The cursor of a feed. A consumer holds the lock of the row while it applies a page."""

    feed = models.CharField(max_length=100, primary_key=True)
    epoch = models.UUIDField(null=True, help_text="Of the producer's log; none before the first page.")
    position = models.BigIntegerField(default=0, db_default=0)
    since = models.BigIntegerField(default=0, db_default=0, help_text="Third part of the feed's cursor.")
    head = models.BigIntegerField(default=0, db_default=0, help_text="The feed's highest position, as last seen.")
    generation = models.PositiveIntegerField(default=0, db_default=0, help_text="Counts readings from the start.")
    is_replaying = models.BooleanField(default=True, db_default=True, help_text="Until the head is reached first.")
    caught_up_at = models.DateTimeField(null=True, help_text="When the head was last reached.")
    skipped = models.BigIntegerField(default=0, db_default=0, help_text="Events of unknown types.")

    class Meta:
        db_table = "inbox_cursor"

    def __str__(self) -> str:
        return f"{self.feed} at {self.position} of {self.head}"

    def as_cursor(self) -> Cursor | None:
        """Return the feed's cursor; None before the first page."""
        return Cursor(self.epoch, self.position, self.since) if self.epoch else None

    @property
    def lag_events(self) -> int:
        """The number of unread events, as last seen."""
        return max(0, self.head - self.position)

    @property
    def lag_seconds(self) -> float | None:
        """The seconds since the feed was read to its head; None before the first time."""
        if self.caught_up_at is None:
            return None
        return round(max(0.0, (timezone.now() - self.caught_up_at).total_seconds()), 1)

    def replay(self) -> None:
        """Reset the cursor to the start. At the head, objects that the replay did not contain are swept.

        Deletes unresolved dead letters: the replay delivers their events again, if the log still has them. Retried in
        a later epoch, they would overwrite newer states.
        """
        DeadLetter.objects.filter(feed=self.feed).exclude(state=DeadLetter.State.RESOLVED).delete()
        self.epoch, self.position, self.since, self.is_replaying = None, 0, 0, True
        self.generation += 1
        self.save()


class DeadLetterQuerySet(models.QuerySet["DeadLetter"]):
    """Selects, retries and discards dead letters."""

    def due(self) -> "DeadLetterQuerySet":
        """Return the letters to retry now."""
        return self.filter(state=DeadLetter.State.WAITING, next_attempt_at__lte=Now())

    def unapplied_subjects(self, feed: str) -> "list[str]":
        """Return the subjects of events of the feed that were not applied."""
        return [*self.filter(feed=feed).exclude(state=DeadLetter.State.RESOLVED).values_list("subject", flat=True)]

    def retry(self) -> int:
        """Schedule the letters for a retry, with all attempts; return their number."""
        unresolved = self.exclude(state=DeadLetter.State.RESOLVED)
        return unresolved.update(state=DeadLetter.State.WAITING, attempts=0, next_attempt_at=Now())

    def discard(self) -> int:
        """Discard the letters; return their number."""
        unresolved = self.exclude(state=DeadLetter.State.RESOLVED)
        return unresolved.update(state=DeadLetter.State.DISCARDED, next_attempt_at=None)


class DeadLetter(models.Model):
    """An event that could not be applied. It does not block later events."""

    class State(models.TextChoices):
        """The state of a dead letter."""

        WAITING = "waiting"  # for its next attempt
        DEAD = "dead"  # all attempts failed
        RESOLVED = "resolved"
        DISCARDED = "discarded"

    feed = models.CharField(max_length=100)
    event_id = models.CharField(max_length=200)
    type = models.CharField(max_length=200, blank=True)
    subject = models.CharField(max_length=200, blank=True)
    event = models.TextField(help_text="The whole event, as JSON.")
    error = models.TextField(help_text="Of the last attempt.")
    attempts = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=20, choices=State, default=State.WAITING)
    next_attempt_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = DeadLetterQuerySet.as_manager()

    class Meta:
        db_table = "inbox_dead_letter"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["feed", "event_id"], name="inbox_dead_letter_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "dead", "resolved", "discarded"]),
                name="inbox_dead_letter_state_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=models.Q(state="waiting"), name="inbox_dead_letter_waiting"
            ),
            models.Index(fields=["state"], name="inbox_dead_letter_state"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.subject}"
