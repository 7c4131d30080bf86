"""Reads a feed from its start again: after an error in how events were applied, or a restore of this database."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from events.inbox.models import FeedCursor
from events.inbox.subscription import subscriptions


class Command(BaseCommand):
    """Have the worker read feeds from their start."""

    help = "Has the worker read the feeds from their start again; what is gone at the producers is swept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the names of feeds."""
        names = [subscription.feed for subscription in subscriptions()]
        parser.add_argument("feed", nargs="*", choices=[*names, []], default=[], help="all of them by default")

    def handle(self, *args: Any, **options: Any) -> None:
        """Set the cursors back and say which."""
        for feed in options["feed"] or [subscription.feed for subscription in subscriptions()]:
            with transaction.atomic():
                FeedCursor.objects.get_or_create(feed=feed)
                FeedCursor.objects.select_for_update().get(feed=feed).replay()
            self.stdout.write(f"The feed {feed} will be read from its start.")
