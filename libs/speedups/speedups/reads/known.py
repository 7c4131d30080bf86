"""The allowlist of compiled reads: names, classes, middleware and settings that a compiled route may have."""

from typing import Any

from django.db import models
from django.utils.module_loading import import_string
from rest_framework import permissions, renderers, serializers

from chassis.rest import fields, negotiation
from chassis.rest.renderers import BrowsableAPIRenderer
from chassis.rest.serializers import StrictModelSerializer
from chassis.rest.viewsets import ResourceViewSet
from chassis.settings import PAGE_MIDDLEWARE, REQUEST_MIDDLEWARE
from identity.ownership import OwnedMixin
from lists import filters, ordering, pagination, search

VIEW, SERIALIZER, FILTERSET, OWNED = ResourceViewSet, StrictModelSerializer, filters.StrictFilterSet, OwnedMixin


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Attributes of a known base that a class may override: declarations that the guard reads, descriptions, and methods
# that only writes use.
NAMES: dict[type, frozenset[str]] = {
    VIEW: _names(
        "queryset serializer_class filterset_class search_fields ordering ordering_fields lookup_value_regex"
        " range_fields search_ordering_fields"
        " renderer_classes authentication_classes permission_classes throttle_classes pagination_class filter_backends"
        " lookup_field lookup_url_kwarg versioning_class content_negotiation_class name description suffix detail"
        " basename create update partial_update destroy perform_create perform_update perform_destroy create_response"
        " get_success_headers locked locked_in current_tag problems schema as_view"
    ),
    SERIALIZER: _names("Meta _declared_fields create update save validate is_valid errors to_internal_value"),
    FILTERSET: _names("Meta _meta declared_filters base_filters"),
    models.Model: _names(
        "__str__ _meta DoesNotExist MultipleObjectsReturned save delete clean full_clean get_absolute_url"
    ),
    models.QuerySet: _names(""),
}
# Attributes of every class, without effect.
PLAIN_NAMES = _names(
    "__module__ __qualname__ __doc__ __annotations__ __dict__ __weakref__ __orig_bases__ __parameters__"
    " __static_attributes__ __firstlineno__ __type_params__ __slotnames__"
)
# Attributes that known classes look up on a view, serializer, model or queryset but do not define.
HOOKS = _names(
    "get head options post put patch delete trace connect filterset_fields filterset_base get_filterset_kwargs"
    " template_name get_template_names request args kwargs action action_map format_kwarg headers response"
    " initial_data instance partial _negotiator _paginator _context _errors _data _state model _query _result_cache"
)
META = {SERIALIZER: {"model", "fields", "read_only_fields", "ignored_fields"}, FILTERSET: {"model", "fields"}}

VALUES: dict[str, Any] = {
    "renderer_classes": [renderers.JSONRenderer, BrowsableAPIRenderer],
    "authentication_classes": [],
    "permission_classes": [permissions.AllowAny],
    "throttle_classes": [],
    "pagination_class": pagination.KeysetPagination,
    "filter_backends": [filters.StrictFilterBackend, search.WordSearchFilter, ordering.StrictOrderingFilter],
    "lookup_field": "pk",
    "lookup_url_kwarg": None,
    "versioning_class": None,
    "content_negotiation_class": negotiation.ContentNegotiation,
    "http_method_names": ["get", "post", "put", "patch", "delete", "head", "options", "trace"],
}

# Serializer fields and the model fields that each may represent.
NUMBERS = (models.BigAutoField, models.BigIntegerField, models.IntegerField, models.PositiveIntegerField)
_TEXTS = (models.CharField, models.TextField, models.EmailField)
FIELDS: dict[type, tuple[type, ...]] = {
    **dict.fromkeys([serializers.BigIntegerField, fields.StrictBigIntegerField, fields.StrictIntegerField], NUMBERS),
    **dict.fromkeys([fields.StrictCharField, fields.StrictEmailField, serializers.CharField], _TEXTS),
    serializers.ChoiceField: _TEXTS,
    fields.StrictBooleanField: (models.BooleanField,),
    **dict.fromkeys([serializers.DateTimeField, fields.StrictDateTimeField], (models.DateTimeField,)),
}

# Middleware above processes compiled reads as usual; middleware below affects only pages, forms and cookies.
MIDDLEWARE_ABOVE, MIDDLEWARE_BELOW = frozenset(REQUEST_MIDDLEWARE), frozenset(PAGE_MIDDLEWARE)
SETTINGS: dict[str, Any] = {
    "AUTH": False,  # OWNED has no effect then
    "DEBUG": False,
    "CSRF_USE_SESSIONS": False,
    "DATABASE_ROUTERS": [],
    "MESSAGE_STORAGE": "django.contrib.messages.storage.fallback.FallbackStorage",
    "SESSION_ENGINE": "django.contrib.sessions.backends.db",
    "TIME_ZONE": "UTC",
    "USE_TZ": True,
    **dict.fromkeys(["WHITENOISE_ROOT", "WHITENOISE_STATIC_PREFIX"]),
}
API_SETTINGS: dict[str, Any] = {
    "COERCE_BIGINT_TO_STRING": False,
    "DATETIME_FORMAT": "iso-8601",
    **dict.fromkeys(["COMPACT_JSON", "UNICODE_JSON"], True),
}
DATABASE: dict[str, Any] = {"ATOMIC_REQUESTS": False, "TIME_ZONE": None}

# A function made by ``as_view()``; all such functions share its code objects.
_VIEW_FUNCTION: Any = VIEW.as_view({"get": "list"})
VIEW_CODES = [_VIEW_FUNCTION.__code__, _VIEW_FUNCTION.__wrapped__.__code__]

# Classes whose functions must come from their own module or from WRAPPERS (see ``check_patches``).
_LISTED = [*VALUES["renderer_classes"], *VALUES["filter_backends"], VALUES["pagination_class"], permissions.AllowAny]
_OTHERS = [negotiation.ContentNegotiation, serializers.ListSerializer, models.Manager, *sum(FIELDS.values(), ())]
_MIDDLEWARE = map(import_string, (*REQUEST_MIDDLEWARE, *PAGE_MIDDLEWARE))
CLASSES = {base for one in (*NAMES, OWNED, *FIELDS, *_LISTED, *_OTHERS, *_MIDDLEWARE) for base in one.__mro__[:-1]}
WRAPPERS = {"builtins", "contextlib", "drf_spectacular.drainage", "functools"}
