"""The order API."""

from typing import Any

from django.db import transaction
from django.utils.decorators import method_decorator
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from chassis.rest.viewsets import IF_MATCH, ResourceViewSet
from idempotency.header import IDEMPOTENCY_KEY, KEY_PATTERN
from idempotency.views import IdempotentCreateMixin
from orders.filters import OrderFilter
from orders.models import Order
from orders.serializers import OrderSerializer

KEY_PARAMETER = OpenApiParameter(
    IDEMPOTENCY_KEY,
    {"type": "string", "pattern": KEY_PATTERN},
    OpenApiParameter.HEADER,
    description=(
        "1 to 255 visible ASCII characters that stand for this one order. A repetition with the same key and order "
        "gets the first answer again, with `Idempotent-Replayed: true`; with another order 422; while the first is "
        "still being carried out 409. Kept for 24 hours."
    ),
)


@method_decorator(
    transaction.non_atomic_requests, name="dispatch"
)  # keys are claimed before the order is made
@extend_schema_view(create=extend_schema(parameters=[KEY_PARAMETER]))
class OrderViewSet(IdempotentCreateMixin, ResourceViewSet[Order]):
    """Create, read, change, fulfil, cancel and delete orders."""

    queryset = Order.objects.all()
    serializer_class = OrderSerializer
    filterset_class = OrderFilter
    lookup_value_regex = "[0-9]+"  # Python also reads 1_0 and other digits as numbers
    search_fields = ["product_name"]
    ordering = "id"
    ordering_fields = ["id", "created_at"]

    @extend_schema(request=None, parameters=[IF_MATCH])
    @action(detail=True, methods=["post"])
    def fulfil(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Say that a placed order has been delivered; a second time changes nothing."""
        return self.move(Order.Status.FULFILLED)

    @extend_schema(request=None, parameters=[IF_MATCH])
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Give a placed order up; a second time changes nothing."""
        return self.move(Order.Status.CANCELLED)

    def move(self, target: Order.Status) -> Response:
        """Bring the order of the address to the status ``target``."""
        with self.locked(self.get_object()) as order:
            order.move(target)
        return Response(self.get_serializer(order).data)
