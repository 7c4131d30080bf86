"""What is stored about an order. Every rule is also a constraint of the database."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

MAX_QUANTITY = 10_000


class Order(models.Model):
    """An order of one product by one user of the user service."""

    class Status(models.TextChoices):
        """How far an order has come."""

        PLACED = "placed"
        FULFILLED = "fulfilled"
        CANCELLED = "cancelled"

    user_id = models.BigIntegerField(
        validators=[MinValueValidator(1)], help_text="Id of a user of the user service."
    )
    product_name = models.CharField(max_length=200)
    quantity = models.PositiveIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(MAX_QUANTITY)]
    )
    status = models.CharField(max_length=20, choices=Status, default=Status.PLACED, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(user_id__gte=1), name="order_user_id_positive"),
            models.CheckConstraint(condition=~models.Q(product_name=""), name="order_product_name_not_empty"),
            models.CheckConstraint(
                condition=models.Q(quantity__range=(1, MAX_QUANTITY)), name="order_quantity_in_range"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["placed", "fulfilled", "cancelled"]), name="order_status_known"
            ),
        ]
        indexes = [
            models.Index(fields=["created_at", "id"], name="order_created_at"),
            models.Index(fields=["user_id", "id"], name="order_user"),
            models.Index(fields=["status", "id"], name="order_status"),
        ]

    def __str__(self) -> str:
        return f"Order {self.pk}: {self.quantity} x {self.product_name}"
