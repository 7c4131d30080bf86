"""The view of a service's OpenAPI document."""

from threading import Lock
from typing import Any

from django.http import HttpRequest
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.response import Response


class DocumentView(SpectacularJSONAPIView):
    """drf-spectacular's view, which generates one document at a time.

    drf-spectacular loads its extensions with the first document, and fails if two threads do so concurrently.
    """

    _generating = Lock()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """Handle the request."""
        with self._generating:
            response: Response = super().dispatch(request, *args, **kwargs)  # type: ignore[assignment]
        return response
