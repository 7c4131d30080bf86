"""The content security policy of pages that a service shows in a browser: the admin and the browsable API."""

from csp.middleware import CSPMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class PageSecurityMiddleware(CSPMiddleware):
    """Adds the policy to pages, and to nothing else: it would be 300 bytes of each JSON response."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Add the headers to a page that has none of its own."""
        if not response.get("Content-Type", "").startswith("text/html"):
            return response
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return super().process_response(request, response)
