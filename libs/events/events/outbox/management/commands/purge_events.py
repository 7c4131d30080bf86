"""Deletes events that are replaced by newer ones, and those of deletions that are older than 90 days."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand

from events.outbox.models import Event

KEPT = timedelta(days=7)  # every event, so that a reader sees each change


class Command(BaseCommand):
    """Delete in batches, each in a short transaction of its own."""

    help = "Deletes replaced events older than 7 days, and events of deletions older than 90 days."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the size of a batch."""
        parser.add_argument("--batch-size", type=int, default=1000, help="events per transaction (default: 1000)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete them all and say how many there were."""
        total = 0
        while deleted := purge_batch(options["batch_size"]):
            total += deleted
        self.stdout.write(f"{total} events deleted.")


def purge_batch(batch_size: int = 1000) -> int:
    """Delete up to ``batch_size`` events of each kind; return how many."""
    return Event.objects.compact(KEPT, batch_size) + Event.objects.purge(batch_size)
