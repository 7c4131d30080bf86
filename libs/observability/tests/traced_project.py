"""A single-file Django project: ``python traced_project.py /fine /fails`` handles requests for these paths.

It logs to the standard error and, with OTEL_TRACES_EXPORTER=console, writes spans to the standard output.
"""

import logging
import sys
from wsgiref.util import setup_testing_defaults

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path, re_path

from observability import tracing
from observability.logs import logging_config


def fine(request, **kwargs):
    logging.getLogger("views").warning("a line of a view")
    return HttpResponse("ok")


def fails(request):
    raise RuntimeError


urlpatterns = [
    path("fine", fine),
    path("fails", fails),
    path("health/live", fine),
    path("metrics", fine),
    path("books/<int:pk>/", fine),
    re_path(r"^users/(?P<pk>[^/.]+)/?$", fine),
]


def handle(application, target):
    """Handle one request as a WSGI server does."""
    environ = {"HTTP_HOST": "127.0.0.1:8000", "HTTP_X_REQUEST_ID": "known", "RAW_URI": target}
    environ["PATH_INFO"], _, environ["QUERY_STRING"] = target.partition("?")
    setup_testing_defaults(environ)
    response = application(environ, lambda status, headers: None)
    b"".join(response)
    getattr(response, "close", lambda: None)()


if __name__ == "__main__":
    settings.configure(
        ACCESS_LOG=True,
        ALLOWED_HOSTS=["127.0.0.1"],
        LOGGING=logging_config("library", "json"),
        LOG_FORMAT="json",
        MIDDLEWARE=[
            "observability.request_id.RequestIdMiddleware",
            "observability.tracing.TracingMiddleware",
            "chassis.access_log.AccessLogMiddleware",
        ],
        ROOT_URLCONF=__name__,
        SERVICE_NAME="library",
        TRUSTED_PROXIES=[],
    )
    traced = tracing.traced(get_wsgi_application())
    tracing.start("library")
    for target in sys.argv[1:]:
        handle(traced, target)
