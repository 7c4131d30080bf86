"""Deletes replaced events, and events of deletions older than 90 days."""

from datetime import timedelta

from events.outbox.models import Event

KEPT = timedelta(days=7)  # every event, so that a reader sees each change


class Purge:
    """Purges the log in batches, each a short transaction of the same cost."""

    def __init__(self, batch_size: int = 1000) -> None:
        self.deleted = 0
        self._batch_size = batch_size
        self._after: int | None = 0  # None: all old events are compacted

    def run(self) -> bool:
        """Purge the next batch; return whether there are more. After the last batch, start again from the beginning."""
        if self._after is not None:
            deleted, self._after = Event.objects.compact(KEPT, self._batch_size, self._after)
            self.deleted += deleted
            return True
        self.deleted += (purged := Event.objects.purge(self._batch_size))  # after the compaction of replaced events
        self._after = None if purged else 0
        return purged > 0
