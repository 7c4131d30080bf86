"""Filters of widget lists."""

from lists.filters import IdInFilter, StrictFilterSet
from widgets.models import Widget


class WidgetFilter(StrictFilterSet):
    """Filters of ``GET /widgets``."""

    id__in = IdInFilter(field_name="id", lookup_expr="in")

    class Meta:
        model = Widget
        fields = {"name": ["exact"], "created_at": ["gt", "gte", "lt", "lte"]}
