"""The order API."""

from http import HTTPStatus

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from chassis.rest.viewsets import ResourceViewSet
from idempotency.header import IDEMPOTENCY_KEY, KEY_PATTERN
from idempotency.views import IdempotentCreateMixin
from orders.filters import OrderFilter
from orders.models import InvalidTransition, Order
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


class TransitionRefused(APIException):
    """The order has come to another end."""

    status_code = HTTPStatus.CONFLICT
    default_code = "invalid_transition"


@extend_schema_view(create=extend_schema(parameters=[KEY_PARAMETER]))
class OrderViewSet(IdempotentCreateMixin, ResourceViewSet[Order]):
    """Create, read, change, fulfil, cancel and delete orders."""

    queryset = Order.objects.all()
    serializer_class = OrderSerializer
    filterset_class = OrderFilter
    search_fields = ["product_name"]
    ordering = "id"
    ordering_fields = ["id", "created_at"]

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def fulfil(self, request: Request, pk: str) -> Response:
        """Say that a placed order has been delivered; a second time changes nothing."""
        return self._move(Order.Status.FULFILLED)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Give a placed order up; a second time changes nothing."""
        return self._move(Order.Status.CANCELLED)

    def _move(self, target: Order.Status) -> Response:
        order = self.get_object()
        try:
            moved = Order.objects.move(order.pk, target)
        except InvalidTransition as error:
            raise TransitionRefused(str(error)) from error
        return Response(self.get_serializer(moved).data)
