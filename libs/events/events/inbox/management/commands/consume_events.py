"""Consumes events, and nothing else of what ``work`` does."""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from events.inbox.consumer import consumer_of
from events.inbox.subscription import subscriptions
from events.worker import Job, WorkCommand

CONSUME_SECONDS = 1.5


class Command(WorkCommand):
    """Consume until SIGTERM, or up to the heads of the feeds."""

    help = "Consumes the events of other services until SIGTERM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take whether to end."""
        parser.add_argument("--once", action="store_true", help="end at the heads of the feeds, or where one is away")

    def handle(self, *args: Any, **options: Any) -> None:
        """Consume."""
        if not options["once"]:
            super().handle(*args, **options)
            return
        for job in self.jobs():
            while job.run():
                pass

    def jobs(self) -> Sequence[Job]:
        """Return a job for each feed."""
        return [Job(f"consume {one.feed}", CONSUME_SECONDS, consumer_of(one).consume) for one in subscriptions()]
