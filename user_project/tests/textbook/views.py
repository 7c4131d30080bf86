"""Views as in the documentation of REST framework and django-filter."""

import threading
from decimal import Decimal

from django.db import connection
from django.db.models import Count
from django.db.models.functions import Length
from rest_framework import authentication, filters, pagination, permissions, throttling
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.settings import api_settings

from tests.textbook import serializers
from users.filters import UserFilter
from users.models import User
from users.serializers import UserSerializer
from users.views import UserViewSet


class IsOwnerFilterBackend(filters.BaseFilterBackend):
    """Filter that only allows users to see their own objects: the guide's, with a header instead of the user."""

    def filter_queryset(self, request, queryset, view):
        return queryset.filter(email=request.headers.get("X-Owner"))


class OwnedViewSet(UserViewSet):
    filter_backends = [IsOwnerFilterBackend, *api_settings.DEFAULT_FILTER_BACKENDS]


class OwnerFilter(UserFilter):
    """django-filter's tip "Filtering the related queryset on the current user"."""

    @property
    def qs(self):
        return super().qs.filter(email=self.request.headers.get("X-Owner"))


class OwnerFilteredViewSet(UserViewSet):
    filterset_class = OwnerFilter


class ProfileViewSet(UserViewSet):
    serializer_class = serializers.ProfileSerializer


class DynamicFieldsViewSet(UserViewSet):
    serializer_class = serializers.DynamicFieldsSerializer

    def get_serializer(self, *args, **kwargs):
        if names := self.request.headers.get("X-Fields"):
            kwargs["fields"] = names.split(",")
        return super().get_serializer(*args, **kwargs)


class ContextViewSet(UserViewSet):
    serializer_class = serializers.ContextSerializer


class ByEmailViewSet(UserViewSet):
    lookup_field = "email"
    lookup_value_regex = "[^/]+"


class SessionViewSet(UserViewSet):
    authentication_classes = [authentication.SessionAuthentication]
    permission_classes = [permissions.IsAuthenticated]

    @action(detail=False)
    def me(self, request):
        return Response({"username": request.user.username})


class SignalsViewSet(UserViewSet):
    serializer_class = serializers.SignalsSerializer


class LateViewSet(UserViewSet):
    """Continues in a thread after its response."""

    def perform_create(self, serializer):
        super().perform_create(serializer)
        self.done = threading.Event()
        threading.Thread(target=self.continue_later, args=[serializer]).start()

    def finalize_response(self, request, response, *args, **kwargs):
        response = super().finalize_response(request, response, *args, **kwargs)
        threading.Timer(0.3, self.done.set).start()  # after the response was sent
        return response

    def continue_later(self, serializer):
        self.done.wait(10)
        name = f"{serializer.validated_data['name']}, {self.action} by {self.request.method}"
        User.objects.filter(pk=serializer.data["id"]).update(name=name)
        connection.close()


class NumbersViewSet(UserViewSet):
    @action(detail=False)
    def numbers(self, request):
        return Response({1: 2**70, "decimal": Decimal("1.5"), "line": "\u2028", "nested": [{2: -(2**64)}]})


class HalfDone(APIException):
    status_code = 409


class AtomicViewSet(UserViewSet):
    def perform_create(self, serializer):
        super().perform_create(serializer)
        raise HalfDone if "X-Expected" in self.request.headers else RuntimeError("injected")


class TwoAMinute(throttling.AnonRateThrottle):
    rate = "2/min"


class ThrottledViewSet(UserViewSet):
    throttle_classes = [TwoAMinute]


class PagesViewSet(UserViewSet):
    pagination_class = pagination.PageNumberPagination


class OffsetsViewSet(UserViewSet):
    pagination_class = pagination.LimitOffsetPagination


class AnnotatedViewSet(UserViewSet):
    queryset = User.objects.annotate(length=Length("name"), same=Count("id"))
    serializer_class = serializers.LengthSerializer


class PerActionViewSet(UserViewSet):
    def get_serializer_class(self):
        return serializers.ProfileSerializer if self.action == "retrieve" else UserSerializer

    def perform_create(self, serializer):
        serializer.save(name="Created")

    def perform_update(self, serializer):
        serializer.save(name="Updated")

    def perform_destroy(self, instance):
        instance.name = "Deleted"
        instance.save()
