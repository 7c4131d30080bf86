"""The jobs of a worker that consumes events."""

from events.inbox.consumer import consumer_of
from events.inbox.subscription import Subscription
from events.worker import Job

POLL_SECONDS = 1.5  # a change takes effect within two seconds
RETRY_SECONDS = 5


def consuming_jobs(subscription: Subscription) -> list[Job]:
    """Return the jobs that consume a feed and retry its dead letters."""
    consumer = consumer_of(subscription)
    return [
        Job(f"consume events of {subscription.feed}", POLL_SECONDS, consumer.consume),
        Job(f"retry dead letters of {subscription.feed}", RETRY_SECONDS, consumer.retry_dead_letters),
    ]
