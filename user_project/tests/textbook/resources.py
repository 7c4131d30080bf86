"""Viewsets with serializers, relations, filters and hooks as in REST framework's guides."""

from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, JsonResponse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_page
from django.views.decorators.vary import vary_on_headers
from rest_framework import exceptions, filters, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response

from chassis.rest.viewsets import ResourceViewSet
from tests.textbook import serializers
from tests.textbook.policies import UsernameAuthentication
from users.models import User
from users.serializers import UserSerializer
from users.views import UserViewSet


class ValidatedViewSet(UserViewSet):
    serializer_class = serializers.ValidatedSerializer


class NestedViewSet(UserViewSet):
    serializer_class = serializers.NestedSerializer


class RepresentationViewSet(UserViewSet):
    serializer_class = serializers.RepresentationSerializer


class ScoreViewSet(UserViewSet):
    serializer_class = serializers.HighScoreSerializer


class OwnedByDefaultViewSet(UserViewSet):
    authentication_classes = [UsernameAuthentication]
    serializer_class = serializers.OwnedSerializer


class BulkViewSet(UserViewSet):
    """The guide's recipe for bulk creation: ``many=True`` for a list."""

    def get_serializer(self, *args, **kwargs):
        kwargs.setdefault("many", isinstance(kwargs.get("data"), list))
        return super().get_serializer(*args, **kwargs)


class OwnCreateViewSet(UserViewSet):
    """A custom ``create`` that calls the hooks with plain data."""

    def create(self, request, *args, **kwargs):
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        self.perform_create(serializer)
        data = {"created": serializer.data["name"]}
        return Response(data, status=201, headers=self.get_success_headers(data))


class GroupViewSet(ResourceViewSet):
    queryset = Group.objects.prefetch_related("permissions__content_type").order_by("id")
    serializer_class = serializers.GroupSerializer
    search_fields = ["=name"]


class PrefixSearchViewSet(UserViewSet):
    filter_backends = [filters.SearchFilter, filters.OrderingFilter]
    search_fields = ["^name"]
    ordering_fields = "__all__"
    pagination_class = None


class FieldsFilterViewSet(UserViewSet):
    filterset_class = None
    filterset_fields = {"name": ["exact", "icontains"]}


class ReadOnlyViewSet(viewsets.ReadOnlyModelViewSet):
    queryset = User.objects.defer("email")
    serializer_class = UserSerializer


class NoDeleteViewSet(UserViewSet):
    http_method_names = ["get", "post", "head", "options"]


class DeferredViewSet(UserViewSet):
    queryset = User.objects.defer("email")


@method_decorator(cache_page(60), name="list")
@method_decorator(vary_on_headers("X-Tenant"), name="list")
class CachedViewSet(UserViewSet):
    pass


class ActionsViewSet(UserViewSet):
    """Extra actions, and every kind of error in a view."""

    @action(detail=True, methods=["post"], url_path="shout/(?P<times>[0-9]+)", url_name="shout")
    def shout(self, request, pk=None, times="1"):
        user = self.get_object()
        return Response({"text": user.name.upper() * int(times), "url": self.reverse_action("detail", args=[user.pk])})

    @shout.mapping.delete
    def hush(self, request, pk=None, times="1"):
        return Response({"quiet": int(times)})

    @action(detail=False, url_path="fails/(?P<how>[a-z]+)")
    def fails(self, request, how):
        raise {
            "missing": Http404("gone"),
            "forbidden": PermissionDenied("no"),
            "unavailable": exceptions.APIException("later", "later"),
            "invalid": exceptions.ValidationError({"a": [{"b": "bad"}]}),
            "unexpected": LookupError("injected"),
        }[how]

    @action(detail=False)
    def django(self, request):
        return JsonResponse({"user": str(request.user)}, status=203)


class OnCommitViewSet(UserViewSet):
    def perform_create(self, serializer):
        super().perform_create(serializer)
        pk = serializer.instance.pk
        transaction.on_commit(lambda: User.objects.filter(pk=pk).update(name="Committed"))
