"""Orders as JSON."""

from http import HTTPStatus
from typing import Any

from rest_framework.exceptions import APIException, ErrorDetail, ValidationError

from chassis.rest.serializers import StrictModelSerializer
from orders.models import Order
from user_client import find_verified_at


class OrderClosed(APIException):
    """A fulfilled or cancelled order stays as it is."""

    status_code = HTTPStatus.CONFLICT
    default_detail = "A fulfilled or cancelled order cannot be changed."
    default_code = "order_closed"


class OrderSerializer(StrictModelSerializer[Order]):
    """Translates orders, and takes only those of users that the user service knows.

    While an order is placed, its product and quantity can change; its user never does, and its status only by the
    actions ``fulfil`` and ``cancel``.
    """

    class Meta:
        model = Order
        fields = [
            "id",
            "user_id",
            "product_name",
            "quantity",
            "status",
            "user_verified_at",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["status", "user_verified_at"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check the user, once everything else is right."""
        if self.instance is None:
            return attrs | {"user_verified_at": self._verify(attrs["user_id"])}
        if attrs.get("user_id", self.instance.user_id) != self.instance.user_id:
            raise ValidationError({"user_id": ErrorDetail("An order stays its user's.", "immutable")})
        return attrs

    def check_change(self, row: Order) -> None:
        """Refuse changes of an order that has come to its end."""
        if row.is_closed:
            raise OrderClosed

    def _verify(self, user_id: int) -> Any:
        verified_at = find_verified_at(user_id)
        if verified_at is None:
            raise ValidationError({"user_id": ErrorDetail(f"There is no user {user_id}.", "unknown_user")})
        return verified_at
