"""The WSGI entry point: ``gunicorn gateway_project.wsgi``."""

import os
from typing import Any
from wsgiref.types import StartResponse

import django
from django.core.handlers.wsgi import WSGIHandler
from django.http.response import HttpResponseBase

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway_project.settings")
django.setup(set_prefix=False)


class GatewayHandler(WSGIHandler):
    """Django's handler without what only a site with databases, or one that is mounted under a path, needs.

    That is a tenth of what a proxied request costs (docs/adr/0011).
    """

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> HttpResponseBase:
        """Answer one request (PEP 3333); the response is the iterable of the body's pieces."""
        response = self.get_response(self.request_class(environ))
        start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
        return response


application = GatewayHandler()
