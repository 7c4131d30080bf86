"""Strict filters for lists."""

import re
from datetime import datetime
from functools import lru_cache
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError as FormValidationError
from django.db import models
from django.db.models import Model, QuerySet
from django.utils.datastructures import MultiValueDict
from django_filters import widgets
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.renderers import BrowsableAPIRenderer

from lists.datetimes import INVALID_DATETIME, parse_utc_datetime

MAX_IDS = 100

_INTEGERS: tuple[Any, ...] = (
    *(models.AutoField, models.BigIntegerField, models.IntegerField, models.SmallIntegerField),
    *(models.PositiveIntegerField, models.PositiveSmallIntegerField),
)


class StrictFilterBackend(DjangoFilterBackend):
    """django-filter's backend, which skips the form if the query has no filter and the form would have no effect.

    The filter form of the browsable API sends all parameters; the empty ones are ignored.
    """

    def get_filterset_kwargs(self, request: Any, queryset: QuerySet[Model], view: Any) -> dict[str, Any]:
        """Return the arguments of the FilterSet."""
        kwargs: dict[str, Any] = super().get_filterset_kwargs(request, queryset, view)
        if isinstance(getattr(request, "accepted_renderer", None), BrowsableAPIRenderer):
            filterset: Any = self.get_filterset_class(view, queryset)
            data = kwargs["data"] = kwargs["data"].copy()
            for name in [name for name in filterset.base_filters if data.get(name) == ""]:
                del data[name]
        return kwargs

    def filter_queryset(self, request: Any, queryset: QuerySet[Model], view: Any) -> Any:
        """Return the rows that match the query."""
        filterset = self.get_filterset_class(view, queryset)
        if filterset and self._reads_only_the_query(filterset):
            names = tuple(filterset.base_filters)  # prefixes, as a range filter has several parameters
            if not any(parameter.startswith(names) for parameter in request.query_params):
                return queryset
        return super().filter_queryset(request, queryset, view)

    @classmethod
    @lru_cache
    def _reads_only_the_query(cls, filterset: type[django_filters.FilterSet]) -> bool:
        """Return whether ``filterset`` has only optional filters of known classes, without effect if empty.

        A FilterSet or backend that overrides a method or the form, such as ``qs``, is always called.
        """
        hooks = ("__init__", "is_valid", "errors", "filter_queryset", "qs", "get_form_class", "form")
        return (
            all(getattr(filterset, name) is getattr(django_filters.FilterSet, name) for name in hooks)
            and not hasattr(getattr(filterset, "Meta", None), "form")
            and cls.get_filterset is DjangoFilterBackend.get_filterset
            and cls.get_filterset_kwargs is StrictFilterBackend.get_filterset_kwargs
            and all(is_optional(one) for one in filterset.base_filters.values())
        )


def is_optional(one: django_filters.Filter) -> bool:
    """Return whether a filter is of a known class and has no effect without a value."""
    is_known = type(one).__module__ in (django_filters.filters.__name__, __name__)
    plain = {"choices", "help_text", "label", "queryset", "required", "to_field_name"}
    return is_known and not one.extra.get("required") and one.extra.keys() <= plain


class UTCDateTimeField(forms.DateTimeField):
    """An RFC 3339 date-time."""

    def to_python(self, value: Any) -> datetime | None:
        """Return the UTC datetime; None if the parameter is absent."""
        try:
            return None if value is None else parse_utc_datetime(value)
        except ValueError as error:
            raise FormValidationError(INVALID_DATETIME, code="invalid") from error


class UTCDateTimeFilter(django_filters.DateTimeFilter):
    """Filters by an RFC 3339 date-time."""

    field_class = UTCDateTimeField


class BooleanWidget(widgets.BooleanWidget):
    """A choice of yes and no, which passes other values on to the field."""

    value_from_datadict: Any = forms.Widget.value_from_datadict


class BooleanField(forms.NullBooleanField):
    """``true`` or ``false``; other values are errors."""

    widget = BooleanWidget

    def to_python(self, value: Any) -> bool | None:  # type: ignore[override] # as that of NullBooleanField
        """Return the value; None if the parameter is absent."""
        if value not in ("true", "false", None, ""):
            raise FormValidationError("Must be true or false.", code="invalid")
        return value == "true" if value else None


class BooleanFilter(django_filters.BooleanFilter):
    """Filters by true or false; django-filter's own class ignores other values."""

    field_class = BooleanField


class IntegerField(forms.IntegerField):
    """A 64-bit integer in ASCII digits; Django's own class also accepts ``1_0``, ``1.0`` and other digits."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": -(2**63), "max_value": 2**63 - 1} | kwargs)

    def to_python(self, value: Any) -> int | None:
        """Return the number; None if the parameter is absent or empty."""
        if value and not re.fullmatch(r"\s*[+-]?[0-9]+\s*", str(value)):
            raise FormValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)


class IntegerFilter(django_filters.NumberFilter):
    """Filters by an integer; django-filter's own class accepts fractions."""

    field_class = IntegerField  # type: ignore[assignment] # the stubs know one class only


class RepeatableCSVWidget(widgets.CSVWidget):
    """Reads ``ids=1,2`` and, as many HTTP clients send lists, ``ids=1&ids=2``."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """Return the list of values; None if the parameter is absent."""
        values = data.getlist(name) if isinstance(data, MultiValueDict) else []
        return ",".join(values).split(",") if len(values) > 1 else super().value_from_datadict(data, files, name)


class IdListField(django_filters.fields.BaseCSVField):
    """A list of 1 to ``MAX_IDS`` values."""

    widget = RepeatableCSVWidget

    def clean(self, value: Any) -> Any:
        """Return the values; None if the parameter is absent."""
        if value is not None and not 1 <= len(value) <= MAX_IDS:
            raise FormValidationError(f"Must be 1 to {MAX_IDS} ids, separated by commas.", code="invalid")
        return super().clean(value)


class IdInFilter(django_filters.BaseInFilter, IntegerFilter):
    """Filters by integers, separated by commas."""

    base_field_class = IdListField
    max_values = MAX_IDS  # for the OpenAPI document

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"help_text": f"Ids, separated by commas; at most {MAX_IDS}."} | kwargs)


class StrictFilterSet(django_filters.FilterSet):
    """A FilterSet that refuses values that the database rejects or that cannot match."""

    FILTER_DEFAULTS = django_filters.FilterSet.FILTER_DEFAULTS | {
        **{kind: {"filter_class": IntegerFilter} for kind in _INTEGERS},
        models.BooleanField: {"filter_class": BooleanFilter},  # and of the lookup isnull
        models.DateTimeField: {"filter_class": UTCDateTimeFilter},
    }
