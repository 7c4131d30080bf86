"""Views of Django and REST framework other than viewsets."""

import io
import time

from django.db import transaction
from django.http import FileResponse, HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.views.generic import DetailView
from rest_framework import generics, metadata, permissions
from rest_framework.decorators import api_view, parser_classes, permission_classes
from rest_framework.parsers import FormParser
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from tests.textbook.middleware import TeapotError
from users.models import User
from users.serializers import UserSerializer


@transaction.non_atomic_requests
async def asynchronous(request, pk):
    user = await User.objects.aget(pk=pk)
    return JsonResponse({"name": user.name, "view": request.view_name})


@transaction.non_atomic_requests
async def asynchronous_lines(request):
    lines = [f"{user.name}\n" async for user in User.objects.order_by("id")]
    return HttpResponse("".join(lines), content_type="text/plain")


def lines(request):
    return StreamingHttpResponse((f"line {number}\n" for number in range(3)), content_type="text/plain")


def download(request):
    return FileResponse(io.BytesIO(b"a,b\n1,2\n"), as_attachment=True, filename="übersicht.csv")


def old_address(request):
    return HttpResponseRedirect("/users")


def teapot(request):
    raise TeapotError("short and stout")


def cookies(request):
    response = HttpResponse(request.COOKIES.get("flavour", "none"))
    response.set_cookie("flavour", "oat", max_age=60, samesite="Lax")
    return response


class UserPage(DetailView):
    model = User
    template_name = "user.html"


@api_view(["GET", "POST"])
@permission_classes([permissions.AllowAny])
@parser_classes([FormParser])
def echo(request):
    return Response({"data": dict(request.data.items()), "self": reverse("echo", request=request)}, status=202)


class Clock(APIView):
    """An APIView with the guide's MinimalMetadata."""

    class metadata_class(metadata.BaseMetadata):  # noqa: N801 - REST framework's name
        def determine_metadata(self, request, view):
            return {"name": view.get_view_name(), "description": view.get_view_description()}

    def get(self, request):
        return Response(time.time_ns())

    def handle_exception(self, exc):
        response = super().handle_exception(exc)
        response["X-Handled"] = type(exc).__name__
        return response


class UserList(generics.ListCreateAPIView):
    """The guide's generic view, with the rows chosen by the address and the query."""

    serializer_class = UserSerializer
    filter_backends = []
    pagination_class = None

    def get_queryset(self):
        queryset = User.objects.filter(name__startswith=self.kwargs["initial"])
        email = self.request.query_params.get("email")
        return queryset if email is None else queryset.filter(email=email)
