"""Replays feeds, after a fix of a function that applies events, or a restore of this database."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from events.inbox.models import FeedCursor
from events.inbox.subscription import subscriptions


class Command(BaseCommand):
    """Make the worker replay feeds."""

    help = "Makes the worker replay the feeds from their start. Objects that the replay does not contain are swept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the names of feeds."""
        names = [subscription.feed for subscription in subscriptions()]
        parser.add_argument("feed", nargs="*", choices=[*names, []], default=[], help="all of them by default")

    def handle(self, *args: Any, **options: Any) -> None:
        """Reset the cursors and print the feeds."""
        for feed in options["feed"] or [subscription.feed for subscription in subscriptions()]:
            with transaction.atomic():
                FeedCursor.objects.get_or_create(feed=feed)
                FeedCursor.objects.select_for_update().get(feed=feed).replay()
            self.stdout.write(f"The feed {feed} will be read from its start.")
