"""The headers of an idempotent creation, for the OpenAPI documents."""

from drf_spectacular.utils import OpenApiParameter

from idempotency.views import KEY_HEADER, KEY_PATTERN, REPLAYED_HEADER

IDEMPOTENCY_KEY = OpenApiParameter(
    KEY_HEADER,
    {"type": "string", "pattern": KEY_PATTERN},
    OpenApiParameter.HEADER,
    description="1 to 255 visible ASCII characters that the client chose for this request, kept for 24 hours.",
)
IDEMPOTENT_REPLAYED = OpenApiParameter(
    REPLAYED_HEADER,
    {"type": "string", "const": "true"},
    OpenApiParameter.HEADER,
    response=[201],
    description="Sent if the response replays that of an earlier request with the same key.",
)
