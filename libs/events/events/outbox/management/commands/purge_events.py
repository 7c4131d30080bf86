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
        compacted, purged = purge_events(options["batch_size"])
        self.stdout.write(f"{compacted} replaced events and {purged} events of deletions deleted.")


def purge_events(batch_size: int = 1000) -> tuple[int, int]:
    """Compact and purge; return how many events each deleted."""
    compacted = purged = 0
    while deleted := Event.objects.compact(KEPT, batch_size):
        compacted += deleted
    while deleted := Event.objects.purge(batch_size):
        purged += deleted
    return compacted, purged
