"""Which form an answer has, and which one a body."""

from collections.abc import Iterable

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class PromptContentNegotiation(DefaultContentNegotiation):
    """REST framework's rules; what programs ask for most is answered without working through them."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """Return the parser of the request's media type; None where there is none."""
        first = next(iter(parsers))
        if request.content_type == first.media_type:
            return first
        return super().select_parser(request, parsers)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer and its media type."""
        first = next(iter(renderers))
        accepted = request.META.get("HTTP_ACCEPT", "*/*")
        has_query = bool(request.META.get("QUERY_STRING"))
        chosen = format_suffix or (has_query and self.settings.URL_FORMAT_OVERRIDE in request.query_params)
        if accepted in ("*/*", first.media_type) and not chosen:
            return first, first.media_type or ""
        return super().select_renderer(request, renderers, format_suffix)
