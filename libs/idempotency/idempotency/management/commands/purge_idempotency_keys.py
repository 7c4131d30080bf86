"""Deletes expired idempotency keys; to be run about every hour."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from idempotency.models import IdempotencyKey


class Command(BaseCommand):
    """Deletes expired keys in batches, each in its own short transaction."""

    help = "Deletes the idempotency keys that are older than 24 hours."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add ``--batch-size``."""
        parser.add_argument("--batch-size", type=int, default=1000, help="keys per transaction (default: 1000)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete all expired keys and print their number."""
        total = 0
        while deleted := IdempotencyKey.objects.purge(options["batch_size"]):
            total += deleted
        self.stdout.write(f"{total} idempotency keys deleted.")
