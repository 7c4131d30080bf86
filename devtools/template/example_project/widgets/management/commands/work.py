"""The worker of the example service."""

from collections.abc import Sequence

# begin publishes
from django.conf import settings

# end publishes
# begin consumes
from events.inbox.jobs import consuming_jobs
from events.inbox.subscription import subscriptions

# end consumes
# begin publishes
from events.outbox.purge import Purge

# end publishes
from events.worker import Job, WorkCommand

# begin publishes
RELAY_SECONDS = 0.2
# end publishes


class Command(WorkCommand):
    """Run the background jobs of the example service."""

    def jobs(self) -> Sequence[Job]:
        """Return the jobs."""
        jobs: list[Job] = []
        # begin consumes
        jobs += [job for subscription in subscriptions() for job in consuming_jobs(subscription)]
        # end consumes
        # begin publishes
        jobs.append(Job("purge events", 3600, Purge().run))
        if settings.EVENTS_BROKER_URL:
            from events.outbox.relay import Relay  # imports the Redis client, which takes 17 MB

            jobs.append(Job("relay events", RELAY_SECONDS, Relay("widgets").run))
        # end publishes
        return jobs
