"""How answers are written."""

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework import renderers
from rest_framework.utils.encoders import JSONEncoder

from chassis.problems import PROBLEM_JSON

_other = JSONEncoder().default  # such as decimals


class JSONRenderer(renderers.JSONRenderer):
    """JSON, with the media type of a problem where the answer is one.

    Instants are written as RFC 3339 has them; those in UTC with a Z at their end.
    """

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Render ``data``; the response is in ``renderer_context``."""
        context = renderer_context or {}
        response = context.get("response")
        # The browsable API renders JSON into its page with this, too; the answer is the page then.
        if (
            response is not None
            and response.exception
            and isinstance(response.accepted_renderer, JSONRenderer)
        ):
            response["Content-Type"] = PROBLEM_JSON
        if data is None or "indent" in context or ";" in (accepted_media_type or ""):
            rendered: bytes = super().render(data, accepted_media_type, context)
            return rendered
        return orjson.dumps(data, _other, orjson.OPT_UTC_Z)
