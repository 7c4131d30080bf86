"""A route is compiled only if all of its parts are known. The views serve all other routes."""

import copy
import json
from unittest.mock import Mock
from uuid import UUID

import django_filters
import parity
import pytest
from django.db import models
from django.db.models import QuerySet
from django.db.models.functions import Length
from django.db.models.signals import post_init, pre_init
from django.db.models.sql import Query
from django.middleware.security import SecurityMiddleware
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import classproperty
from django.views.decorators.cache import cache_page
from drf_spectacular.openapi import AutoSchema
from rest_framework import (
    authentication,
    filters,
    pagination,
    permissions,
    renderers,
    serializers,
    throttling,
)
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.views import APIView

import speedups
from chassis.rest.viewsets import ResourceViewSet
from identity.ownership import OwnedMixin
from lists.pagination import KeysetPagination
from speedups.reads import guard
from speedups.reads.parts import NotCompiledError
from users.filters import UserFilter
from users.models import User
from users.serializers import UserSerializer
from users.views import UserViewSet

pytestmark = pytest.mark.skipif(not speedups.ENABLED, reason="SPEEDUPS=off disables compiled reads")


def reason(view, action_name="retrieve"):
    """Return why a view is not compiled; None if it is."""
    try:
        guard.compile_view(view.as_view({"get": action_name}))
    except NotCompiledError as error:
        return str(error)
    return None


def view(**members):
    return type("OwnViewSet", (UserViewSet,), members)


def serializer(**members):
    meta = type("Meta", (UserSerializer.Meta,), members.pop("meta", {}))
    return view(serializer_class=type("OwnSerializer", (UserSerializer,), {"Meta": meta} | members))


def filterset(**members):
    return view(filterset_class=type("OwnFilter", (UserFilter,), members))


def method(self, *args, **kwargs):
    raise NotImplementedError


class OwnBackend(filters.BaseFilterBackend):
    pass


class OwnQuerySet(models.QuerySet):
    def _fetch_all(self):
        super()._fetch_all()


VIEW_HOOKS = [
    "dispatch",
    "initial",
    "finalize_response",
    "handle_exception",
    "initialize_request",
    "perform_content_negotiation",
    "get_queryset",
    "get_object",
    "filter_queryset",
    "paginate_queryset",
    "get_paginated_response",
    "get_serializer",
    "get_serializer_class",
    "get_serializer_context",
    "get_renderers",
    "get_authenticators",
    "get_permissions",
    "get_throttles",
    "check_permissions",
    "get_exception_handler",
    "retrieve",
    "list",
    "http_method_names",
    "default_response_headers",
    "__init__",
    "__getattribute__",
    "get",
    "_negotiator",
    "_paginator",
]
SERIALIZER_HOOKS = [
    "get_fields",
    "get_extra_kwargs",
    "build_field",
    "build_standard_field",
    "to_representation",
    "data",
    "fields",
    "many_init",
    "__new__",
    "__init__",
    "serializer_field_mapping",
    "get_field_names",
    "_readable_fields",
]
VALUES = {
    "filter_backends": [OwnBackend, *UserViewSet.filter_backends],
    "authentication_classes": [authentication.SessionAuthentication],
    "permission_classes": [permissions.IsAuthenticated],
    "throttle_classes": [throttling.AnonRateThrottle],
    "pagination_class": pagination.PageNumberPagination,
    "renderer_classes": [type("OwnRenderer", (renderers.JSONRenderer,), {})],
    "lookup_field": "email",
    "lookup_url_kwarg": "user",
    "versioning_class": object,
    "content_negotiation_class": object,
}


@pytest.mark.parametrize("action_name", ["retrieve", "list"])
def test_plain_view_is_compiled(action_name):
    assert reason(UserViewSet, action_name) is None
    harmless = {"perform_create": method, "helper": method, "extra": action(detail=True)(method)}
    assert reason(view(**harmless), action_name) is None
    assert reason(view(problems={action_name: [NotFound]}, schema=AutoSchema()), action_name) is None
    assert reason(serializer(validate_name=method, update=method), action_name) is None
    assert reason(serializer(meta={"ignored_fields": ["type"]}), action_name) is None


def test_copy_of_a_serializer_changes_nothing():
    own = serializer()
    copy.copy(own.serializer_class())  # leaves ``__slotnames__`` on the class

    assert "__slotnames__" in vars(own.serializer_class)
    assert reason(own) is None


@pytest.mark.parametrize("name", VIEW_HOOKS)
def test_hook_of_a_view_is_refused(name):
    assert reason(view(**{name: method})) == f"OwnViewSet.{name} is not known"


def owned_view(**members):
    return type("OwnViewSet", (OwnedMixin, UserViewSet), {"owner_field": "id"} | members)


@pytest.mark.parametrize("action_name", ["retrieve", "list"])
@pytest.mark.parametrize("name", ["owned", "sees_all", "get_queryset", "filter_queryset"])
def test_hook_of_a_view_with_owners_is_refused(name, action_name):
    assert reason(owned_view(), action_name) is None
    assert reason(owned_view(**{name: method}), action_name) == f"OwnViewSet.{name} is not known"


@pytest.mark.parametrize("name", VALUES)
def test_other_class_of_a_view_is_refused(name):
    assert reason(view(**{name: VALUES[name]})) == f"OwnViewSet.{name} is not known"


@pytest.mark.parametrize("name", SERIALIZER_HOOKS)
def test_hook_of_a_serializer_is_refused(name):
    assert reason(serializer(**{name: method})) == f"OwnSerializer.{name} is not known"


@pytest.mark.parametrize(
    "members",
    [
        {"initials": serializers.SerializerMethodField(), "get_initials": method},
        {"name": serializers.CharField(source="email")},
        {"name": serializers.CharField()},
    ],
)
def test_declared_field_is_refused(members):
    assert reason(serializer(**members)) == "OwnSerializer declares fields"


@pytest.mark.parametrize("option", ["extra_kwargs", "depth", "list_serializer_class", "exclude"])
def test_option_of_a_serializer_is_refused(option):
    assert reason(serializer(meta={option: {}})) == f"OwnSerializer.Meta.{option} is not known"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"qs": property(method)}, "OwnFilter.qs is not known"),
        ({"filter_queryset": method}, "OwnFilter.filter_queryset is not known"),
        ({"name": django_filters.CharFilter(required=True)}, "OwnFilter.name is not known"),
        ({"cursor": django_filters.CharFilter()}, "OwnFilter.cursor is not known"),
        ({"name": type("OwnCharFilter", (django_filters.CharFilter,), {})()}, "OwnFilter.name is not known"),
    ],
)
def test_customized_filterset_is_refused(members, expected):
    assert reason(filterset(**members)) == expected


@pytest.mark.parametrize(
    "queryset",
    [
        User.objects.filter(name="Ada"),
        User.objects.annotate(length=Length("name")),
        User.objects.defer("email"),
        User.objects.none(),
        User.objects.select_for_update(),
        User.objects.using("other"),
        User.objects.prefetch_related("x"),
        User.objects.distinct(),
        User.objects.all()[:5],
        User.objects.reverse(),
        QuerySet(User, query=type("OwnQuery", (Query,), {})(User)),
    ],
)
def test_queryset_other_than_all_rows_is_refused(queryset):
    assert reason(view(queryset=queryset)) == "the queryset is not User.objects.all()"


@pytest.mark.parametrize("name", ["queryset", "serializer_class", "filterset_class", "ordering", "permission_classes"])
def test_attribute_that_is_computed_for_each_request_is_refused(name):
    plain = getattr(UserViewSet, name)

    assert reason(view(**{name: classproperty(lambda cls: plain)}), "list") is not None


def test_option_of_a_serializer_that_is_computed_for_each_request_is_refused():
    fields = classproperty(lambda cls: UserSerializer.Meta.fields)

    assert reason(serializer(meta={"fields": fields})) == "OwnSerializer.Meta.fields is not known"


def test_own_queryset_class_is_refused():
    assert reason(view(queryset=OwnQuerySet(User))) == "OwnQuerySet._fetch_all is not known"


def test_other_action_for_head_is_refused():
    function = UserViewSet.as_view({"get": "list", "head": "retrieve"})

    with pytest.raises(NotCompiledError, match="HEAD is another action"):
        guard.compile_view(function)


def test_list_without_the_column_of_its_links_is_refused():
    without = serializer(meta={"fields": ["name", "email"]})

    assert reason(without) is None
    assert reason(without, "list") == "OwnViewSet.ordering is not in the serializer"


def test_list_without_pages_is_refused(monkeypatch):
    monkeypatch.setattr(KeysetPagination, "page_size", None)

    assert reason(UserViewSet, "list") == "its paginator has no page size"


@pytest.mark.parametrize("ordering", [("id",), "length", "pk", None, "name", "created_at"])
def test_ordering_by_anything_but_the_key_is_refused(ordering):
    """Such an ordering may have no index, and only the view limits the time of the query."""
    assert reason(view(ordering=ordering), "list") == "OwnViewSet.ordering is not known"


@pytest.mark.parametrize(
    "members",
    [{"filterset_class": property(method)}, {"serializer_class": serializers.Serializer}, {"renderer_classes": 1}],
)
def test_view_that_cannot_be_inspected_is_refused(members):
    assert reason(view(**members))


def test_key_that_is_not_a_number_is_refused(monkeypatch):
    monkeypatch.setattr(User._meta, "pk", User._meta.get_field("name"))

    assert reason(UserViewSet) == "the key of User is not known"


@pytest.mark.parametrize("kwargs", [{"pk": 1}, {"pk": UUID(int=1)}, {"pk": "1", "format": "json"}, {}])
def test_key_that_is_not_text_is_left_to_the_view(rf, kwargs):
    read = guard.compile_view(UserViewSet.as_view({"get": "retrieve"}))

    assert read(rf.get("/users/1"), kwargs) is None


def test_defaults_of_columns_are_not_computed(db, settings, monkeypatch):
    settings.ACCESS_LOG = False
    User.objects.create(name="Ada", email="ada@example.com")
    monkeypatch.setattr(User._meta.get_field("version"), "_get_default", method)  # which raises
    compiled, textbook = parity.applications(settings)

    status, _, body = parity.ask(compiled, "GET", "/users")

    assert (status, json.loads(body)["results"][0]["name"]) == ("200 OK", "Ada")
    assert body == parity.ask(textbook, "GET", "/users")[2]


def test_decorated_view_is_refused():
    function = cache_page(60)(UserViewSet.as_view({"get": "list"}))

    with pytest.raises(NotCompiledError, match="decorated"):
        guard.compile_view(function)


@pytest.mark.parametrize("name", ["from_db", "__init__", "refresh_from_db", "__getattribute__"])
def test_hook_of_a_model_is_refused(monkeypatch, name):
    monkeypatch.setattr(User, name, classmethod(method), raising=False)

    assert reason(UserViewSet) == f"User.{name} is not known"


def test_unmanaged_model_is_refused(monkeypatch):
    monkeypatch.setattr(User._meta, "managed", False)

    assert reason(UserViewSet) == "User has no plain table"


def test_column_that_converts_is_refused(monkeypatch):
    converting = type("OwnField", (models.CharField,), {"from_db_value": method})
    monkeypatch.setattr(User._meta.get_field("name"), "__class__", converting)

    assert reason(UserViewSet) == "UserSerializer.name is not known"


def test_manager_that_hides_rows_is_refused(monkeypatch):
    own = type("OwnManager", (models.Manager,), {"get_queryset": method})
    monkeypatch.setattr(User._meta, "default_manager", own())

    assert reason(UserViewSet) == "User's manager is not known"


@pytest.mark.parametrize("signal", [pre_init, post_init])
def test_receiver_of_a_signal_turns_compiled_reads_off_at_once(db, settings, signal):
    settings.ACCESS_LOG = False
    user = User.objects.create(name="Ada", email="ada@example.com")
    compiled, _ = parity.applications(settings)
    parity.ask(compiled, "GET", f"/users/{user.pk}")
    made = []

    def note(sender, **kwargs):
        made.append(sender)

    signal.connect(note, sender=User)
    try:
        parity.ask(compiled, "GET", f"/users/{user.pk}")
        assert reason(UserViewSet) == "pre_init or post_init of User has receivers"
    finally:
        signal.disconnect(note, sender=User)

    assert made == [User]


def replaced(*args, **kwargs):
    raise NotFound


@pytest.mark.parametrize(
    ("known", "name", "value"),
    [
        (APIView, "initial", replaced),
        (ResourceViewSet, "get_queryset", replaced),
        (serializers.Serializer, "to_representation", replaced),
        (serializers.Serializer, "data", property(replaced)),
        (serializers.BaseSerializer, "many_init", classmethod(replaced)),
        (serializers.CharField, "to_representation", replaced),
        (KeysetPagination, "get_paginated_response", replaced),
        (filters.OrderingFilter, "get_ordering", replaced),
        (renderers.JSONRenderer, "render", Mock()),
        (permissions.AllowAny, "has_permission", replaced),
        (models.Manager, "get_queryset", replaced),
        (models.CharField, "from_db_value", replaced),
        (SecurityMiddleware, "process_response", replaced),
        (MiddlewareMixin, "__call__", replaced),
    ],
)
def test_known_class_with_a_replaced_function_is_refused(monkeypatch, known, name, value):
    monkeypatch.setattr(known, name, value, raising=False)

    assert reason(UserViewSet) == f"{known.__name__}.{name} is replaced"


def test_view_without_the_usual_methods_is_refused(monkeypatch):
    monkeypatch.setattr(APIView, "http_method_names", ["post", "options"])

    assert reason(UserViewSet) == "UserViewSet.http_method_names is not known"
