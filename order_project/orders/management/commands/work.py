"""The background process of the order service."""

from collections.abc import Sequence

from events.inbox.consumer import consumer_of
from events.worker import Job, WorkCommand
from idempotency.models import IdempotencyKey
from known_users.events import sweep, users

CONSUME_SECONDS = 1.5  # a change of a user reaches its orders within two


class Command(WorkCommand):
    """Consumes the user service's events, and purges idempotency keys."""

    def jobs(self) -> Sequence[Job]:
        """Return the jobs."""
        consumer = consumer_of(users)
        return [
            Job("consume events", CONSUME_SECONDS, consumer.consume),
            Job("retry dead letters", 5, consumer.retry_dead_letters),
            Job("flag orders", 10, sweep),
            Job("purge idempotency keys", 3600, lambda: IdempotencyKey.objects.purge(batch_size=1000) > 0),
        ]
