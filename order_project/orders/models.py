"""The order model. Its constraints also hold for writes that bypass the API."""

from collections.abc import Collection
from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Coalesce, Now

from lists.text_search import search_vector

MAX_QUANTITY = 10_000
DELETED_USER_CONSTRAINT = "order_user_not_deleted"  # raised by a trigger

UserIds = Collection[int] | models.QuerySet[Any, Any]


class OrderClosed(Exception):  # noqa: N818 - named after the condition
    """A fulfilled or cancelled order cannot be changed."""


class InvalidTransition(Exception):  # noqa: N818 - named after the condition
    """The status of the order does not allow the transition."""

    def __init__(self, order: "Order", target: str) -> None:
        super().__init__(f"Order {order.pk} is {order.status} and cannot become {target}.")


class OrderQuerySet(models.QuerySet["Order"]):
    """Flags the orders of deactivated and deleted users."""

    def update_user_flags(self, *, active: UserIds = (), inactive: UserIds = (), deleted: UserIds = ()) -> None:
        """Set or clear the flags of placed orders by the states of their users. Accepts ids or querysets of ids."""
        placed, now = self.filter(status=Order.Status.PLACED), Now()
        of_deleted = placed.filter(user_id__in=deleted, user_deleted_at=None)
        of_deleted.update(user_deleted_at=now, updated_at=now)
        of_inactive = placed.filter(user_id__in=inactive).exclude(
            user_deactivated_at__isnull=False, user_deleted_at=None
        )
        deactivated_at = Coalesce("user_deactivated_at", now)
        of_inactive.update(user_deactivated_at=deactivated_at, user_deleted_at=None, updated_at=now)
        flagged = placed.filter(user_id__in=active).exclude(user_deactivated_at=None, user_deleted_at=None)
        flagged.update(user_deactivated_at=None, user_deleted_at=None, updated_at=now)


class Order(models.Model):
    """An order of one product by one user of the user service."""

    class Status(models.TextChoices):
        """The status of an order."""

        PLACED = "placed"
        FULFILLED = "fulfilled"
        CANCELLED = "cancelled"

    user_id = models.BigIntegerField(validators=[MinValueValidator(1)], help_text="Id of a user of the user service.")
    product_name = models.CharField(max_length=200)
    quantity = models.PositiveIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(MAX_QUANTITY)]
    )
    status = models.CharField(max_length=20, choices=Status, default=Status.PLACED, editable=False)
    user_verified_at = models.DateTimeField(
        null=True, editable=False, help_text="As of when the user was known to exist."
    )
    user_deactivated_at = models.DateTimeField(
        null=True, editable=False, help_text="When the order service learned that the user is deactivated."
    )
    user_deleted_at = models.DateTimeField(
        null=True, editable=False, help_text="When the order service learned that the user is deleted."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = OrderQuerySet.as_manager()

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
            models.Index(fields=["user_id", "id", "status"], name="order_user_status"),
            models.Index(fields=["user_id", "created_at", "id", "status"], name="order_user_created_at"),
            models.Index(fields=["status", "id"], name="order_status"),
            models.Index(fields=["status", "created_at", "id"], name="order_status_created_at"),
            models.Index(
                fields=["id"], condition=models.Q(user_deactivated_at__isnull=False), name="order_user_deactivated"
            ),
            models.Index(fields=["id"], condition=models.Q(user_deleted_at__isnull=False), name="order_user_deleted"),
            GinIndex(search_vector("product_name"), name="order_search", fastupdate=False),
        ]

    def __str__(self) -> str:
        return f"Order {self.pk}: {self.quantity} x {self.product_name}"

    @property
    def is_closed(self) -> bool:
        """Whether the order is fulfilled or cancelled, and so read-only."""
        return self.status != self.Status.PLACED

    def transition(self, target: str) -> None:
        """Change the status to ``target``; idempotent. The caller holds the row lock.

        Raises:
            InvalidTransition: the order is closed.
        """
        if self.status == target:
            return
        if self.is_closed:
            raise InvalidTransition(self, target)
        self.status = target
        self.save(update_fields=["status", "updated_at"])
