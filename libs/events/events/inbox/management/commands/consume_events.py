"""Consumes events, without the other jobs of ``work``."""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandError

from events.inbox.consumer import Consumer
from events.inbox.jobs import consuming_jobs
from events.inbox.subscription import subscriptions
from events.worker import Job, WorkCommand


class Command(WorkCommand):
    """Consume events until SIGTERM, or up to the heads of the feeds."""

    help = "Consumes the events of other services until SIGTERM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add ``--once``."""
        parser.add_argument("--once", action="store_true", help="end at the head of each feed, or fail")

    def handle(self, *args: Any, **options: Any) -> None:
        """Consume events.

        Raises:
            CommandError: with ``--once``, a feed is unavailable.
        """
        if not options["once"]:
            super().handle(*args, **options)
            return
        consumers = [Consumer(one) for one in subscriptions()]  # of the feed: a broker's consumer waits for more
        for consumer in consumers:
            while consumer.consume():
                pass
        if unavailable := [consumer.subscription.feed for consumer in consumers if consumer.is_down]:
            raise CommandError(f"Unavailable feeds: {', '.join(unavailable)}.")

    def jobs(self) -> Sequence[Job]:
        """Return the jobs of each feed."""
        return [job for subscription in subscriptions() for job in consuming_jobs(subscription)]
