"""The worker of the example service."""

from collections.abc import Sequence

# begin consumes
from events.inbox.jobs import consuming_jobs
from events.inbox.subscription import subscriptions

# end consumes
# begin publishes
from events.outbox.purge import Purge

# end publishes
from events.worker import Job, WorkCommand


class Command(WorkCommand):
    """Run the background jobs of the example service."""

    def jobs(self) -> Sequence[Job]:
        """Return the jobs."""
        return [
            # begin consumes
            *(job for subscription in subscriptions() for job in consuming_jobs(subscription)),
            # end consumes
            # begin publishes
            Job("purge events", 3600, Purge().run),
            # end publishes
        ]
