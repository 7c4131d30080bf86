"""Decides which routes can be compiled. Anything that is not in the allowlist (``known``) is refused."""

from inspect import getattr_static
from typing import Any

from django.conf import settings
from django.db import connections
from rest_framework.settings import api_settings

from speedups.reads import known, parts
from speedups.reads.compiled import CompiledList, CompiledRetrieve
from speedups.reads.parts import NotCompiledError, check_class, check_filterset, plain_fields, plain_model, require
from speedups.reads.rows import Rows

MIDDLEWARE = "speedups.middleware.CompiledReadsMiddleware"

CompiledRead = CompiledRetrieve | CompiledList


def check_site() -> None:
    """Raise NotCompiledError if a setting or a middleware of the service is not in the allowlist."""
    for name, value in known.SETTINGS.items():
        require(getattr(settings, name, None) == value, f"settings.{name} is not {value!r}")
    for name, value in known.API_SETTINGS.items():
        require(getattr(api_settings, name) == value, f"REST_FRAMEWORK[{name!r}] is not {value!r}")
    require(connections["default"].vendor == "postgresql", "the database is not PostgreSQL")
    for name, value in known.DATABASE.items():
        require(connections["default"].settings_dict[name] == value, f"{name} of the database is not {value!r}")
    require(MIDDLEWARE in settings.MIDDLEWARE, f"{MIDDLEWARE} is not in MIDDLEWARE")
    place = settings.MIDDLEWARE.index(MIDDLEWARE)
    above, below = {*settings.MIDDLEWARE[:place]}, {*settings.MIDDLEWARE[place + 1 :]}
    unknown = (above - known.MIDDLEWARE_ABOVE) | (below - known.MIDDLEWARE_BELOW)
    require(not unknown, f"middleware {', '.join(sorted(unknown))} is not known")


def compile_view(function: Any) -> CompiledRead:
    """Compile the reads of a view function, or raise NotCompiledError if it uses anything outside the allowlist."""
    try:
        return _compile(function)
    except (AttributeError, TypeError, ValueError, LookupError, AssertionError) as error:
        raise NotCompiledError(f"its inspection failed: {error!r}") from error


def _compile(function: Any) -> CompiledRead:
    codes = [getattr(one, "__code__", None) for one in (function, getattr(function, "__wrapped__", None))]
    require(codes == known.VIEW_CODES, "it is not a viewset's as_view(), or is decorated")
    parts.check_patches()
    view, action = function.cls, function.actions.get("get")
    require(issubclass(view, known.VIEW), f"{view.__name__} is not a {known.VIEW.__name__}")
    require(action in ("retrieve", "list"), f"{view.__name__}.{action} is not known" if action else "no GET")
    require(function.actions.get("head", action) == action, "HEAD is another action than GET")
    require(function.initkwargs.keys() <= {"basename", "detail", "suffix"}, "as_view() has arguments")
    check_class(view, known.VIEW)
    for name, value in known.VALUES.items():
        require(getattr_static(view, name) == value, f"{view.__name__}.{name} is not known")
    model = plain_model(getattr_static(view, "queryset"))  # a descriptor may return another one for each request
    key: Any = model._meta.pk
    require(type(key) in known.NUMBERS, f"the key of {model.__name__} is not known")
    if filterset := getattr_static(view, "filterset_class", None):
        check_filterset(filterset)
    rows = Rows(model, plain_fields(getattr_static(view, "serializer_class"), model))
    require(not rows.have_receivers(), f"pre_init or post_init of {model.__name__} has receivers")
    headers = _headers(view, function.actions)
    if action == "retrieve":
        return CompiledRetrieve(rows, headers)
    # Other orders may be slow, and only the view has a statement timeout.
    require(getattr_static(view, "ordering") in (key.name, f"-{key.name}"), f"{view.__name__}.ordering is not known")
    require(view.pagination_class.page_size, "its paginator has no page size")
    require(key.attname in rows.names, f"{view.__name__}.ordering is not in the serializer")
    return CompiledList(rows, headers, view.ordering)


def _headers(view: Any, actions: dict[str, str]) -> dict[str, str]:
    methods = [name for name in view.http_method_names if name in actions or name in ("head", "options")]
    headers = {"Allow": ", ".join(methods).upper(), "Vary": "Accept"}
    if "django.middleware.clickjacking.XFrameOptionsMiddleware" in settings.MIDDLEWARE:
        headers["X-Frame-Options"] = settings.X_FRAME_OPTIONS.upper()
    return headers
