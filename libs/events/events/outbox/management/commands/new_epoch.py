"""Makes all consumers of this service's events replay.

A physical restore keeps PostgreSQL's system identifier, by which the feed detects other restores.
"""

from typing import Any

from django.core.management.base import BaseCommand

from events.outbox.feed import begin_epoch, read_state


class Command(BaseCommand):
    """Begin a new epoch of the feed."""

    help = "Makes all consumers replay the events. Run it after a restore, except by pg_restore into another cluster."

    def handle(self, *args: Any, **options: Any) -> None:
        """Begin the epoch and print it."""
        begin_epoch()
        self.stdout.write(f"The epoch is {read_state().epoch}.")
