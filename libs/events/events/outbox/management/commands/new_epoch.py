"""Makes every reader of this service's events start anew; to be run after a restore."""

from typing import Any

from django.core.management.base import BaseCommand

from events.outbox.feed import begin_epoch, read_state


class Command(BaseCommand):
    """Begin a new epoch of the feed."""

    help = "Makes all readers of the events start anew: for a database that was restored in its own cluster."

    def handle(self, *args: Any, **options: Any) -> None:
        """Begin it and print its name."""
        begin_epoch()
        self.stdout.write(f"The epoch is {read_state().epoch}.")
