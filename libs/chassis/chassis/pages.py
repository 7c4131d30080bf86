"""The content security policy of HTML pages: the admin and the browsable API."""

from csp.middleware import CSPMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class PageSecurityMiddleware(CSPMiddleware):
    """Adds the policy to HTML pages only. It would add 300 bytes to each JSON response."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Add the headers to an HTML page that does not set its own."""
        if not response.get("Content-Type", "").startswith("text/html"):
            return response
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return super().process_response(request, response)
