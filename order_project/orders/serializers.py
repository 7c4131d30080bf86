"""The serializer of orders."""

from typing import Any

from django.db import IntegrityError
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework.exceptions import ErrorDetail, ValidationError

from chassis.rest.serializers import StrictModelSerializer
from known_users.verification import verify_user
from orders.models import DELETED_USER_CONSTRAINT, Order, OrderClosed


@extend_schema_serializer(
    description=(
        "An order of one product by one user. The `quantity` of a new order defaults to 1. The product and quantity of "
        "a placed order can be changed. The user cannot be changed. The status changes through `fulfil` and `cancel` "
        "only."
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
    """Serializes orders, and verifies the user of a new order."""

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
        """Verify the user of a new order, after all fields are valid.

        Raises:
            ValidationError: the user does not exist or is deactivated, or an update changes the user.
            UserServiceUnavailable: the user cannot be verified now.
        """
        if self.instance is not None:
            if attrs.get("user_id", self.instance.user_id) != self.instance.user_id:
                raise ValidationError({"user_id": ErrorDetail("The user of an order cannot be changed.", "immutable")})
            return attrs
        user = verify_user(attrs["user_id"])
        if user is None:
            raise _unknown_user(attrs["user_id"])
        if not user.is_active:
            message = f"User {attrs['user_id']} is deactivated."
            raise ValidationError({"user_id": ErrorDetail(message, "inactive_user")})
        return attrs | {"user_verified_at": user.verified_at}

    def create(self, validated_data: dict[str, Any]) -> Order:
        """Create the order.

        Raises:
            ValidationError: the user was deleted after the verification.
        """
        try:
            return Order.objects.create(**validated_data)
        except IntegrityError as error:
            if DELETED_USER_CONSTRAINT not in str(error):
                raise
            raise _unknown_user(validated_data["user_id"]) from error

    def update(self, instance: Order, validated_data: dict[str, Any]) -> Order:
        """Update the order. The caller holds the row lock.

        Raises:
            OrderClosed: the order is fulfilled or cancelled.
        """
        if instance.is_closed:
            raise OrderClosed
        return super().update(instance, validated_data) if validated_data else instance


def _unknown_user(user_id: int) -> ValidationError:
    return ValidationError({"user_id": ErrorDetail(f"There is no user {user_id}.", "unknown_user")})
