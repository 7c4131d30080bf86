"""The serializer of widgets."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer

from chassis.rest.serializers import StrictModelSerializer
from widgets.models import Widget


@extend_schema_serializer(
    description="A widget.",
    examples=[
        OpenApiExample("New widget", {"name": "First"}, request_only=True),
        OpenApiExample(
            "Widget",
            {
                "id": 1,
                "name": "First",
                "created_at": "2026-11-24T18:00:00.123456Z",
                "updated_at": "2026-11-24T18:00:00.123456Z",
            },
            response_only=True,
        ),
    ],
)
class WidgetSerializer(StrictModelSerializer[Widget]):
    """Serializes widgets."""

    class Meta:
        model = Widget
        fields = ["id", "name", "created_at", "updated_at"]
