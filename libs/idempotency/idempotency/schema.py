"""The headers of an idempotent creation, and their description in OpenAPI documents."""

from drf_spectacular.utils import OpenApiParameter

KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
# 1 to 255 visible ASCII characters, bare, or quoted like the structured field of the draft.
KEY_PATTERN = r'^("[!#-\[\]-~]{1,255}"|[!#-~][!-~]{0,254})$'

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
