"""Demo widgets, for a first look at a system with something in it."""

from typing import Any

from django.core.management.base import BaseCommand

from widgets.models import Widget

DEMO_NAMES = ["First", "Second", "Third"]


class Command(BaseCommand):
    """Create the demo widgets that are not there yet."""

    help = "Creates three demo widgets; those that exist are left as they are."

    def handle(self, *args: Any, **options: Any) -> None:
        """Create them and say how many were new."""
        there = set(Widget.objects.filter(name__in=DEMO_NAMES).values_list("name", flat=True))
        Widget.objects.bulk_create(Widget(name=name) for name in DEMO_NAMES if name not in there)
        self.stdout.write(f"{len(DEMO_NAMES) - len(there)} demo widgets created, {len(there)} were there.")
