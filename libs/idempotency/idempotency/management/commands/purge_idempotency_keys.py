"""Deletes idempotency keys whose time is over; to be run every hour or so."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from idempotency.models import IdempotencyKey


class Command(BaseCommand):
    """Delete in batches, each in a short transaction of its own."""

    help = "Deletes the idempotency keys that are older than 24 hours."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the size of a batch."""
        parser.add_argument("--batch-size", type=int, default=1000, help="keys per transaction (default: 1000)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete them all and say how many there were."""
        total = 0
        while deleted := IdempotencyKey.objects.purge(options["batch_size"]):
            total += deleted
        self.stdout.write(f"{total} idempotency keys deleted.")
