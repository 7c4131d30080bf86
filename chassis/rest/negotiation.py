"""Which form an answer has."""

from collections.abc import Iterable

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class PromptContentNegotiation(DefaultContentNegotiation):
    """REST framework's rules; what programs ask for most is answered without working through them."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer and its media type."""
        first = next(iter(renderers))
        accepted = request.META.get("HTTP_ACCEPT", "*/*")
        if accepted in ("*/*", first.media_type) and not (format_suffix or request.META.get("QUERY_STRING")):
            return first, first.media_type or ""
        return super().select_renderer(request, renderers, format_suffix)
