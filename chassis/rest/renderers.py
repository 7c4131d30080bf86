"""How answers are written."""

from collections.abc import Mapping
from typing import Any

from rest_framework import renderers
from rest_framework.utils.encoders import JSONEncoder

from chassis.problems import PROBLEM_JSON

_encode = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
# Line ends to JavaScript of before 2019, which REST framework escapes.
_LINE_ENDS = (("\u2028", r"\u2028"), ("\u2029", r"\u2029"))


class JSONRenderer(renderers.JSONRenderer):
    """JSON, with the media type of a problem where the answer is one.

    REST framework makes an encoder for each answer, which takes longer than to encode a small one.
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
        text = _encode(data)
        for character, escape in _LINE_ENDS:
            text = text.replace(character, escape)
        return text.encode()
