"""How answers are written."""

from collections.abc import Mapping
from typing import Any

from rest_framework import renderers

from chassis.problems import PROBLEM_JSON


class JSONRenderer(renderers.JSONRenderer):
    """JSON, with the media type of a problem where the answer is one."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Render ``data``; the response is in ``renderer_context``."""
        response = (renderer_context or {}).get("response")
        # The browsable API renders JSON into its page with this, too; the answer is the page then.
        if (
            response is not None
            and response.exception
            and isinstance(response.accepted_renderer, JSONRenderer)
        ):
            response["Content-Type"] = PROBLEM_JSON
        rendered: bytes = super().render(data, accepted_media_type, renderer_context)
        return rendered
