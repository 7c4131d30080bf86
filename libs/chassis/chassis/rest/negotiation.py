"""Content negotiation with a short cut for JSON."""

from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request

JSON = "application/json"


class ContentNegotiation(DefaultContentNegotiation):
    """REST framework's negotiation, with a short cut for API clients if JSON is the first renderer."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """Return the renderer and the media type of the response."""
        if (
            request.META.get("HTTP_ACCEPT", "*/*") in ("*/*", JSON)
            and renderers
            and renderers[0].media_type == JSON
            and not format_suffix
            and self.settings.URL_FORMAT_OVERRIDE not in request.query_params
        ):
            return renderers[0], JSON
        return super().select_renderer(request, renderers, format_suffix)
