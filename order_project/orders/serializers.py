"""Orders as JSON."""

from typing import Any

from rest_framework.exceptions import ErrorDetail, ValidationError

from chassis.rest.serializers import StrictModelSerializer
from orders.models import Order
from orders.user_client import user_exists


class OrderSerializer(StrictModelSerializer[Order]):
    """Translates orders, and takes only those of users that the user service knows."""

    class Meta:
        model = Order
        fields = ["id", "user_id", "product_name", "quantity", "status", "created_at", "updated_at"]
        read_only_fields = ["status"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check that the user exists, once everything else is right and unless it is the user that was there before."""
        user_id = attrs.get("user_id")
        unchanged = self.instance is not None and user_id in (None, self.instance.user_id)
        if not unchanged and not user_exists(attrs["user_id"]):
            raise ValidationError({"user_id": ErrorDetail(f"There is no user {user_id}.", "unknown_user")})
        return attrs
