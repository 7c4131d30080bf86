"""The background process of the example service."""

from collections.abc import Sequence

# begin consumes
from events.inbox.consumer import Consumer
from events.inbox.subscription import subscriptions

# end consumes
# begin publishes
from events.outbox.management.commands.purge_events import purge_batch

# end publishes
from events.worker import Job, WorkCommand


class Command(WorkCommand):
    """Does what no request waits for."""

    def jobs(self) -> Sequence[Job]:
        """Return the jobs."""
        # begin consumes
        consumers = [Consumer(subscription) for subscription in subscriptions()]
        # end consumes
        return [
            # begin consumes
            *(Job("consume events", 1.5, consumer.consume) for consumer in consumers),
            *(Job("retry dead letters", 5, consumer.retry_dead_letters) for consumer in consumers),
            # end consumes
            # begin publishes
            Job("purge events", 3600, lambda: purge_batch() > 0),
            # end publishes
        ]
