"""Middleware as in Django's documentation: a function, classes and every hook."""

from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpResponse


class TeapotError(Exception):
    """An exception that only a middleware handles."""


def stamp(get_response):
    def middleware(request):
        if "X-Maintenance" in request.headers:
            return HttpResponse("closed", status=503, content_type="text/plain")
        response = get_response(request)
        response["X-Stamp"] = request.method
        return response

    return middleware


class TeamMiddleware:
    """Removes an argument of the URL before the view is called."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, arguments, keywords):
        request.team = keywords.pop("team", "none")
        request.view_name = view.__name__


class TeapotMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if isinstance(exception, TeapotError):
            return HttpResponse(str(exception), status=418, content_type="text/plain")
        return None

    def process_template_response(self, request, response):
        response["X-Template-Response"] = type(response).__name__
        return response


class UnusedMiddleware:
    def __init__(self, get_response):
        raise MiddlewareNotUsed
