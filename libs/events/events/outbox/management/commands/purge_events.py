"""Deletes replaced events, and events of deletions older than 90 days."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from events.outbox.purge import Purge


class Command(BaseCommand):
    """Delete old events in batches."""

    help = "Deletes replaced events older than 7 days, and events of deletions older than 90 days."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the batch size."""
        parser.add_argument("--batch-size", type=int, default=1000, help="events per transaction (default: 1000)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete the events and print their number."""
        purge = Purge(options["batch_size"])
        while purge.run():
            pass
        self.stdout.write(f"{purge.deleted} events deleted.")
