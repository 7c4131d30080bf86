"""The order API."""

from chassis.rest.viewsets import ResourceViewSet
from orders.filters import OrderFilter
from orders.models import Order
from orders.serializers import OrderSerializer


class OrderViewSet(ResourceViewSet[Order]):
    """Create, read, change and delete orders."""

    queryset = Order.objects.all()
    serializer_class = OrderSerializer
    filterset_class = OrderFilter
    search_fields = ["product_name"]
    ordering = "id"
    ordering_fields = ["id", "created_at"]
