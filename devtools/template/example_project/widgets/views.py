"""The widget API."""

from chassis.rest.viewsets import ResourceViewSet
from widgets.filters import WidgetFilter
from widgets.models import Widget
from widgets.serializers import WidgetSerializer


class WidgetViewSet(ResourceViewSet[Widget]):
    """Create, read, change and delete widgets."""

    scope_resource = "widgets"
    queryset = Widget.objects.all()
    serializer_class = WidgetSerializer
    filterset_class = WidgetFilter
    lookup_value_regex = "[0-9]+"  # Python also reads 1_0 and other digits as numbers
    search_fields = ["name"]
    ordering = "id"
    ordering_fields = ["id", "created_at", "name"]
