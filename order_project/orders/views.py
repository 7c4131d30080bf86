"""The order API."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from chassis.rest.viewsets import ResourceViewSet
from idempotency.views import IdempotentCreateMixin
from identity.ownership import OwnedMixin
from openapi.components import Problem
from openapi.headers import IF_MATCH
from orders.exceptions import OrderIsClosed, TransitionRefused, UserUnverifiable
from orders.filters import OrderFilter
from orders.models import Order
from orders.serializers import OrderSerializer


@extend_schema_view(
    create=extend_schema(
        description=(
            "Places an order for a user of the user service and returns it; `Location` is its URL. A request with an "
            "`Idempotency-Key` can be retried: the order is placed once, and a retry receives the first response. The "
            "response is 400 if the user is unknown or deactivated, and 503 if the user service is unavailable."
        ),
    ),
)
class OrderViewSet(OwnedMixin, IdempotentCreateMixin, ResourceViewSet[Order]):
    """Create, read, change, fulfil, cancel and delete orders."""

    scope_resource = "orders"
    owner_field = "user_id"
    queryset = Order.objects.all()
    serializer_class = OrderSerializer
    filterset_class = OrderFilter
    lookup_value_regex = "[0-9]+"  # Python also reads 1_0 and other digits as numbers
    search_fields = ["@product_name"]
    range_fields = ["created_at"]
    ordering = "id"
    ordering_fields = ["id", "created_at"]
    problems: ClassVar[Mapping[str, Sequence[Problem]]] = {
        "create": [UserUnverifiable],
        "update": [OrderIsClosed],
        "partial_update": [OrderIsClosed],
        "fulfil": [TransitionRefused],
        "cancel": [TransitionRefused],
    }

    @extend_schema(
        operation_id="orders_fulfil",
        summary="Fulfil order",
        description="Marks a placed order as delivered. Repeating the request changes nothing.",
        request=None,
        parameters=[IF_MATCH],
    )
    @action(detail=True, methods=["post"])
    def fulfil(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Mark a placed order as delivered; idempotent."""
        return self.transition(Order.Status.FULFILLED)

    @extend_schema(
        operation_id="orders_cancel",
        summary="Cancel order",
        description="Cancels a placed order. Repeating the request changes nothing.",
        request=None,
        parameters=[IF_MATCH],
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Cancel a placed order; idempotent."""
        return self.transition(Order.Status.CANCELLED)

    def transition(self, target: Order.Status) -> Response:
        """Change the status of the order to ``target`` under the row lock."""
        with self.locked(self.get_object()) as order:
            order.transition(target)
        return Response(self.get_serializer(order).data)
