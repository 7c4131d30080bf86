"""Creates demo widgets."""

from typing import Any

from django.core.management.base import BaseCommand

from widgets.models import Widget

DEMO_NAMES = ["First", "Second", "Third"]


class Command(BaseCommand):
    """Create the missing demo widgets."""

    help = "Creates three demo widgets. Existing widgets are not changed."

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the widgets and print their number."""
        existing = set(Widget.objects.filter(name__in=DEMO_NAMES).values_list("name", flat=True))
        Widget.objects.bulk_create(Widget(name=name) for name in DEMO_NAMES if name not in existing)
        self.stdout.write(f"{len(DEMO_NAMES) - len(existing)} demo widgets created, {len(existing)} already existed.")
