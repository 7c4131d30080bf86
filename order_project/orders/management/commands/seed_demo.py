"""Creates demo orders."""

from itertools import cycle
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from orders.models import Order
from user_client import UserServiceUnavailable, find_user_ids

DEMO_PRODUCTS = [
    ("Laptop", 1),
    ("Mechanical keyboard", 1),
    ("USB-C cable", 3),
    ("27-inch monitor", 2),
    ("Noise-cancelling headphones", 1),
    ("Standing desk", 1),
    ("Notebook, dotted", 10),
]
DEMO_STATUSES = (Order.Status.PLACED, Order.Status.FULFILLED, Order.Status.PLACED, Order.Status.CANCELLED)
ORDERS_PER_USER = 3


class Command(BaseCommand):
    """Create the missing demo orders."""

    help = "Creates a few orders for each of the user service's first users. Existing orders are not changed."

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the orders and print their number."""
        try:
            user_ids = find_user_ids()
        except UserServiceUnavailable as error:
            raise CommandError(f"Demo orders need users of the user service: {error.__cause__ or error}") from error
        buyers = [user_id for user_id in user_ids for _ in range(ORDERS_PER_USER)]
        created = 0
        for user_id, (name, quantity), status in zip(buyers, cycle(DEMO_PRODUCTS), cycle(DEMO_STATUSES)):
            # exists() and not get_or_create(): a customer may have ordered the same product several times.
            if not Order.objects.filter(user_id=user_id, product_name=name).exists():
                values = {"product_name": name, "quantity": quantity, "status": status}
                Order.objects.create(user_id=user_id, user_verified_at=timezone.now(), **values)
                created += 1
        self.stdout.write(f"{created} demo orders created, {len(buyers) - created} already existed.")
