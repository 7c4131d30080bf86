"""The worker of the order service."""

from collections.abc import Sequence

from events.inbox.jobs import consuming_jobs
from events.worker import Job, WorkCommand
from idempotency.models import IdempotencyKey
from known_users.events import sweep, users


class Command(WorkCommand):
    """Consume the user service's events, and purge expired idempotency keys."""

    def jobs(self) -> Sequence[Job]:
        """Return the jobs."""
        return [
            *consuming_jobs(users),
            Job("flag orders", 10, sweep),
            Job("purge idempotency keys", 3600, lambda: IdempotencyKey.objects.purge(batch_size=1000) > 0),
        ]
