"""Filters of order lists."""

from lists.filters import IdInFilter, StrictFilterSet
from orders.models import Order


class OrderFilter(StrictFilterSet):
    """Filters of ``GET /orders``."""

    id__in = IdInFilter(field_name="id", lookup_expr="in")

    class Meta:
        model = Order
        fields = {
            "user_id": ["exact"],
            "status": ["exact"],
            "user_deactivated_at": ["isnull"],
            "user_deleted_at": ["isnull"],
            "created_at": ["gt", "gte", "lt", "lte"],
        }
