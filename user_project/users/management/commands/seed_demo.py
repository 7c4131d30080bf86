"""Creates demo users."""

from typing import Any

from django.core.management.base import BaseCommand

from users.models import User

DEMO_USERS = [
    ("Ada Lovelace", "ada.lovelace@example.com"),
    ("Grace Hopper", "grace.hopper@example.com"),
    ("Katherine Johnson", "katherine.johnson@example.com"),
    ("Edsger Dijkstra", "edsger.dijkstra@example.com"),
    ("Barbara Liskov", "barbara.liskov@example.com"),
    ("Donald Knuth", "donald.knuth@example.com"),
    ("Hedy Lamarr", "hedy.lamarr@example.com"),
    ("Alan Turing", "alan.turing@example.com"),
    ("Radia Perlman", "radia.perlman@example.com"),
    ("Tim Berners-Lee", "tim.berners-lee@example.com"),
    ("Margaret Hamilton", "margaret.hamilton@example.com"),
    ("Dennis Ritchie", "dennis.ritchie@example.com"),
]


class Command(BaseCommand):
    """Create the missing demo users."""

    help = "Creates a dozen demo users. Existing users are not changed."

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the users and print their number."""
        users = [User(name=name, email=email) for name, email in DEMO_USERS]
        before = User.objects.count()
        User.objects.bulk_create(users, ignore_conflicts=True)
        created = User.objects.count() - before
        self.stdout.write(f"{created} demo users created, {len(users) - created} already existed.")
