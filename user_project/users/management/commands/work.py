"""The background process of the user service."""

from collections.abc import Sequence

from events.outbox.management.commands.purge_events import purge_events
from events.worker import Job, WorkCommand


class Command(WorkCommand):
    """Purges old events."""

    def jobs(self) -> Sequence[Job]:
        """Return the jobs."""
        return [Job("purge events", 3600, purge_events)]
