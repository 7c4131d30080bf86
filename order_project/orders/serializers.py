"""Orders as JSON."""

from typing import Any

from django.db import IntegrityError
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework.exceptions import ErrorDetail, ValidationError

from chassis.rest.serializers import StrictModelSerializer
from known_users.verification import verify_user
from orders.models import DELETED_USER_CONSTRAINT, Order, OrderClosed


@extend_schema_serializer(
    description=(
        "An order of one product by one user. A new order without a quantity is for one item. While an order is "
        "placed, its product and quantity can be changed. Its user is fixed; its status changes by `fulfil` and "
        "`cancel` only."
    ),
    examples=[
        OpenApiExample("New order", {"user_id": 1, "product_name": "Laptop", "quantity": 1}, request_only=True),
        OpenApiExample(
            "Order",
            {
                "id": 1,
                "user_id": 1,
                "product_name": "Laptop",
                "quantity": 1,
                "status": "placed",
                "user_verified_at": "2026-11-24T18:00:00.012345Z",
                "user_deactivated_at": None,
                "user_deleted_at": None,
                "created_at": "2026-11-24T18:00:00.023456Z",
                "updated_at": "2026-11-24T18:00:00.023456Z",
            },
            response_only=True,
        ),
    ],
)
class OrderSerializer(StrictModelSerializer[Order]):
    """Translates orders, and takes only those of users that the user service knows."""

    class Meta:
        model = Order
        fields = [
            "id",
            "user_id",
            "product_name",
            "quantity",
            "status",
            "user_verified_at",
            "user_deactivated_at",
            "user_deleted_at",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["status", "user_verified_at", "user_deactivated_at", "user_deleted_at"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask the user service for the user of a new order, once everything else is valid.

        Raises:
            ValidationError: there is no such user, or it is deactivated, or the order is another user's.
            UserServiceUnavailable: the user service cannot tell.
        """
        if self.instance is not None:
            if attrs.get("user_id", self.instance.user_id) != self.instance.user_id:
                raise ValidationError({"user_id": ErrorDetail("An order stays its user's.", "immutable")})
            return attrs
        user = verify_user(attrs["user_id"])
        if user is None:
            raise _unknown_user(attrs["user_id"])
        if not user.is_active:
            message = f"User {attrs['user_id']} is deactivated."
            raise ValidationError({"user_id": ErrorDetail(message, "inactive_user")})
        return attrs | {"user_verified_at": user.verified_at}

    def create(self, validated_data: dict[str, Any]) -> Order:
        """Write the new order.

        Raises:
            ValidationError: the user's deletion has become known since the user was verified.
        """
        try:
            return Order.objects.create(**validated_data)
        except IntegrityError as error:
            if DELETED_USER_CONSTRAINT not in str(error):
                raise
            raise _unknown_user(validated_data["user_id"]) from error

    def update(self, instance: Order, validated_data: dict[str, Any]) -> Order:
        """Write the changes to the order, whose row is locked.

        Raises:
            OrderClosed: it is fulfilled or cancelled.
        """
        if instance.is_closed:
            raise OrderClosed
        return super().update(instance, validated_data) if validated_data else instance


def _unknown_user(user_id: int) -> ValidationError:
    return ValidationError({"user_id": ErrorDetail(f"There is no user {user_id}.", "unknown_user")})
