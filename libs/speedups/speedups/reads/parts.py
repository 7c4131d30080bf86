"""Checks of the classes that a view consists of."""

import inspect
from typing import Any

from django.db.models import Manager, Model, QuerySet
from django.db.models.query_utils import DeferredAttribute
from rest_framework import serializers

from lists.filters import is_optional
from speedups.reads import known


class NotCompiledError(Exception):
    """A route cannot be compiled; the message is the reason."""


def require(condition: object, reason: str) -> None:
    """Raise NotCompiledError with ``reason`` unless ``condition`` holds."""
    if not condition:
        raise NotCompiledError(reason)


def check_class(cls: Any, base: Any) -> None:
    """Raise NotCompiledError if ``cls`` overrides an attribute of the known ``base`` that a read may use.

    New names are allowed, as no known class uses them, except those in ``known.HOOKS`` and of ``known.OWNED``.
    """
    require(type(cls) is type(base), f"the metaclass of {cls.__name__} is not known")
    names = known.PLAIN_NAMES | known.NAMES[base]
    for one in cls.__mro__:
        for name in () if one in (*base.__mro__, known.OWNED) else vars(one):
            is_new = not (hasattr(base, name) or name in {*known.HOOKS, *vars(known.OWNED)} or name.startswith("__"))
            require(name in names or is_new, f"{one.__name__}.{name} is not known")


def check_patches() -> None:
    """Raise NotCompiledError if a function of a known class was replaced (monkey-patched)."""
    for one in known.CLASSES:
        for name, value in vars(one).items():
            function = getattr(value, "__func__", getattr(value, "fget", getattr(value, "func", value)))
            if callable(function) and not isinstance(function, type):
                origin = getattr(function, "__globals__", {}).get("__name__", type(function).__module__)
                require(origin in {one.__module__, *known.WRAPPERS}, f"{one.__name__}.{name} is replaced")


def check_meta(cls: Any, base: Any) -> None:
    """Raise NotCompiledError if the ``Meta`` of ``cls`` has an option outside the allowlist."""
    for one in getattr(cls, "Meta", object).__mro__[:-1]:
        names = {name for name in known.META[base] if not hasattr(vars(one).get(name), "__get__")}
        unknown = vars(one).keys() - known.PLAIN_NAMES - names
        require(not unknown, f"{cls.__name__}.Meta.{', '.join(sorted(unknown))} is not known")


def plain_model(queryset: Any) -> type[Model]:
    """Return the model of ``queryset``, which must select all rows of one table."""
    require(isinstance(queryset, QuerySet), "the view has no queryset")
    model: type[Model] = queryset.model
    check_class(type(queryset), QuerySet)
    check_class(model, Model)
    meta = model._meta  # an unmanaged table may have other column types
    require(meta.managed and not (meta.parents or meta.proxy or meta.swapped), f"{model.__name__} has no plain table")
    manager: Any = meta.default_manager  # clones of the view's queryset use it
    require(type(manager).get_queryset is Manager.get_queryset, f"{model.__name__}'s manager is not known")
    state, expected = vars(queryset.all()), vars(QuerySet(model).all())
    query, all_rows = state.pop("_query"), expected.pop("_query")
    is_plain = state == expected and type(query) is type(all_rows) and vars(query) == vars(all_rows)
    require(is_plain, f"the queryset is not {model.__name__}.objects.all()")
    return model


def plain_fields(serializer: Any, model: type[Model]) -> list[Any]:
    """Return the model fields of ``serializer``, which must represent each unchanged and under its own name."""
    require(isinstance(serializer, type), "the view has no serializer_class")
    check_class(serializer, known.SERIALIZER)
    check_meta(serializer, known.SERIALIZER)
    require(not vars(serializer)["_declared_fields"], f"{serializer.__name__} declares fields")
    require(serializer.Meta.model is model, f"{serializer.__name__} is for another model")
    columns = {field.attname: field for field in model._meta.concrete_fields}
    shown = serializer().fields
    for name, field in shown.items():
        where, column = f"{serializer.__name__}.{name}", columns.get(name)
        allowed = known.FIELDS.get(type(field), ())
        require(column and type(column) in allowed and field.source_attrs == [name], f"{where} is not known")
        require(not field.write_only, f"{where} is write_only")
        attribute = inspect.getattr_static(model, name, None)
        require(type(attribute) is DeferredAttribute, f"{model.__name__}.{name} is not known")
        if isinstance(field, serializers.ChoiceField):
            require(all(isinstance(key, str) for key in field.choices), f"{where} has choices that are not text")
    return [columns[name] for name in shown]


def check_filterset(filterset: Any) -> None:
    """Raise NotCompiledError if ``filterset`` may change a request without filter parameters."""
    check_class(filterset, known.FILTERSET)
    check_meta(filterset, known.FILTERSET)
    for name, one in filterset.base_filters.items():
        require(is_optional(one) and name not in ("cursor", "page_size"), f"{filterset.__name__}.{name} is not known")
