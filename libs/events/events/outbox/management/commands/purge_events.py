"""Deletes events that are replaced by newer ones, and those of deletions that are older than 90 days."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from events.outbox.purge import Purge


class Command(BaseCommand):
    """Delete them in batches."""

    help = "Deletes replaced events older than 7 days, and events of deletions older than 90 days."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the size of a batch."""
        parser.add_argument("--batch-size", type=int, default=1000, help="events per transaction (default: 1000)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete them all and say how many there were."""
        purge = Purge(options["batch_size"])
        while purge.run():
            pass
        self.stdout.write(f"{purge.deleted} events deleted.")
