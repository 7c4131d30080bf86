"""What a view of the API makes of Django's request."""

from typing import Any

from django.http import HttpRequest
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request


class PromptRequest(Request):
    """REST framework's request; it has at hand what is read most, and which that one looks for in itself in vain."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.method, self.META = request.method, request.META


class PromptView(GenericAPIView[Any]):
    """A view with less on the way of each request."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._serializers: list[Any] = []

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Return REST framework's request for Django's."""
        return PromptRequest(
            request,
            parsers=self.get_parsers(),
            authenticators=self.get_authenticators(),
            negotiator=self.get_content_negotiator(),
            parser_context=self.get_parser_context(request),
        )

    def perform_authentication(self, request: Request) -> None:
        """Find out who asks, where there is a way to."""
        if request.authenticators:
            super().perform_authentication(request)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Answer the request, and let go of everything when the answer has been sent."""
        response: Any = super().dispatch(request, *args, **kwargs)
        response._resource_closers.append(self._let_go)  # noqa: SLF001 - as Django's handler does
        return response

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """Return a serializer for this request."""
        serializer = super().get_serializer(*args, **kwargs)
        self._serializers.append(serializer)
        return serializer

    def _let_go(self) -> None:
        """Undo the circles of references, in which what a request has made would wait for the garbage collector."""
        for serializer in self._serializers:
            vars(serializer).clear()
        self.request.parser_context.clear()
        getattr(self.response, "renderer_context", {}).clear()
        vars(self).clear()
