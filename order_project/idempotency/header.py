"""The Idempotency-Key header."""

import re

from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

IDEMPOTENCY_KEY = "Idempotency-Key"
IDEMPOTENT_REPLAYED = "Idempotent-Replayed"

# 1 to 255 visible ASCII characters, bare, or quoted as the draft's structured field has them.
KEY_PATTERN = r'^("[!#-\[\]-~]{1,255}"|[!#-~][!-~]{0,254})$'


def read_key(request: Request) -> str | None:
    """Return the request's idempotency key without quotes; None where it has none.

    Raises:
        ValidationError: there is a header, and what it holds is not a key.
    """
    text: str | None = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if text is None:
        return None
    if not re.fullmatch(KEY_PATTERN, text):
        detail = ErrorDetail("Must be 1 to 255 visible ASCII characters.", "invalid_idempotency_key")
        raise ValidationError({IDEMPOTENCY_KEY: detail})
    return text[1:-1] if text.startswith('"') else text
