"""How a list of orders can be narrowed."""

import django_filters

from lists.filters import IdInFilter, StrictFilterSet
from orders.models import Order


class OrderFilter(StrictFilterSet):
    """Filters of ``GET /orders``."""

    id__in = IdInFilter(field_name="id", lookup_expr="in")
    status = django_filters.ChoiceFilter(choices=Order.Status.choices)

    class Meta:
        model = Order
        fields = {"user_id": ["exact"], "created_at": ["gt", "gte", "lt", "lte"]}
