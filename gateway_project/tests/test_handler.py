"""The gateway's handler behaves like Django's."""

import io
import sys

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.template.response import SimpleTemplateResponse
from django.urls import path

from proxy.server.handler import GatewayHandler


def greet(request, name):
    response = HttpResponse(f"Hello {name}", headers={"X-Method": request.method})
    response.set_cookie("seen", "yes", path="/")
    response.set_cookie("twice", "yes", samesite="Lax")
    return response


def render_late(request):
    response = SimpleTemplateResponse("unused")
    response.resolve_template = lambda _: Template()
    return response


class Template:
    def render(self, context, request):
        return "rendered"


def fail(request):
    raise RuntimeError("injected")


async def wait(request):
    return HttpResponse("waited")


urlpatterns = [
    path("greet/<name>", greet),
    path("late", render_late),
    path("fail", fail),
    path("nothing", lambda request: None),
    path("wait", wait),
]
OTHER = type("Other", (), {"urlpatterns": [path("greet/<name>", lambda request, name: HttpResponse("other"))]})


def middleware(**methods):
    class Middleware:
        def __init__(self, get_response):
            self.get_response = get_response

        def __call__(self, request):
            return self.get_response(request)

    for name, method in methods.items():
        setattr(Middleware, name, method)
    return Middleware


def choose_urlconf(self, request):
    request.urlconf = OTHER
    return self.get_response(request)


def change_arguments(self, request, view, arguments, keywords):
    keywords["name"] += "!"


Plain = middleware()
OtherAddresses = middleware(__call__=choose_urlconf)
ChangedArguments = middleware(process_view=change_arguments)
Refused = middleware(process_view=lambda self, request, *view: HttpResponse(status=418))
Rendered = middleware(process_template_response=lambda self, request, response: render_late(request))
Rescued = middleware(process_exception=lambda self, request, error: HttpResponse(str(error), status=418))


def handle(handler, target):
    started = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": target,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
    }
    response = handler(environ, lambda *head: started.append(head))
    body = b"".join(response)
    response.close()
    ((status, headers),) = started
    # Django 5.2 leaves a space before a cookie, which is not part of the value (RFC 9110, section 5.5).
    return status, [(name, value.strip()) for name, value in headers], body


@pytest.mark.parametrize(
    "target", ["/greet/Ada", f"/greet/{'a' * 300}", "/late", "/wait", "/fail", "/nowhere", "/nothing"]
)
@pytest.mark.parametrize("name", ["Plain", "OtherAddresses", "ChangedArguments", "Refused", "Rendered", "Rescued"])
def test_response_equals_that_of_djangos_handler(settings, caplog, target, name):
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [f"{__name__}.{name}"]
    own, djangos = GatewayHandler(), WSGIHandler()

    expected = [handle(djangos, target) for _ in range(2)]
    logged = [record.getMessage() for record in caplog.records]
    caplog.clear()

    assert [handle(own, target) for _ in range(2)] == expected
    assert [record.getMessage() for record in caplog.records] == logged
