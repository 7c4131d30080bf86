"""Consumes events, without the other jobs of ``work``."""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from events.inbox.consumer import Consumer
from events.inbox.jobs import consuming_jobs
from events.inbox.subscription import subscriptions
from events.worker import Job, WorkCommand


class Command(WorkCommand):
    """Consume events until SIGTERM, or up to the heads of the feeds."""

    help = "Consumes the events of other services until SIGTERM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add ``--once``."""
        parser.add_argument("--once", action="store_true", help="end at the head of each feed, or if a feed fails")

    def handle(self, *args: Any, **options: Any) -> None:
        """Consume events."""
        if not options["once"]:
            super().handle(*args, **options)
            return
        for subscription in subscriptions():
            consumer = Consumer(subscription)  # of the feed: a broker's consumer waits for more
            while consumer.consume():
                pass

    def jobs(self) -> Sequence[Job]:
        """Return the jobs of each feed."""
        return [job for subscription in subscriptions() for job in consuming_jobs(subscription)]
