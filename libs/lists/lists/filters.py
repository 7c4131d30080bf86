"""Filters that every list has."""

from datetime import datetime
from functools import lru_cache
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError as FormValidationError
from django.db import models
from django.db.models import Model, QuerySet
from django_filters import widgets
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.renderers import BrowsableAPIRenderer

from lists.instants import INVALID_INSTANT, parse_instant

MAX_IDS = 100


class StrictFilterBackend(DjangoFilterBackend):
    """django-filter's backend, which makes no form for a query without a filter, where that changes nothing.

    Its form in the browsable API sends every parameter: those that are empty are absent.
    """

    def get_filterset_kwargs(self, request: Any, queryset: QuerySet[Model], view: Any) -> dict[str, Any]:
        """Return the arguments of the FilterSet."""
        kwargs: dict[str, Any] = super().get_filterset_kwargs(request, queryset, view)
        if isinstance(request.accepted_renderer, BrowsableAPIRenderer):
            filterset: Any = self.get_filterset_class(view, queryset)
            data = kwargs["data"] = kwargs["data"].copy()
            for name in [name for name in filterset.base_filters if data.get(name) == ""]:
                del data[name]
        return kwargs

    def filter_queryset(self, request: Any, queryset: QuerySet[Model], view: Any) -> Any:
        """Return the rows that the query asks for."""
        filterset = self.get_filterset_class(view, queryset)
        if filterset and self._reads_only_the_query(filterset):
            names = tuple(filterset.base_filters)  # of two bounds each begins with the name of their filter
            if not any(parameter.startswith(names) for parameter in request.query_params):
                return queryset
        return super().filter_queryset(request, queryset, view)

    @classmethod
    @lru_cache
    def _reads_only_the_query(cls, filterset: type[django_filters.FilterSet]) -> bool:
        """Return whether ``filterset`` only has optional filters of known classes, which do nothing without a value.

        A FilterSet or backend with a method or form of its own, such as a ``qs`` that knows the user, is always asked.
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
    """Return whether a filter is of a known class, and does nothing without a value."""
    is_known = type(one).__module__ in (django_filters.filters.__name__, __name__)
    plain = {"choices", "help_text", "label", "queryset", "required", "to_field_name"}
    return is_known and not one.extra.get("required") and one.extra.keys() <= plain


class InstantField(forms.DateTimeField):
    """A date-time of RFC 3339."""

    def to_python(self, value: Any) -> datetime | None:
        """Return the instant in UTC; None if the parameter is absent."""
        try:
            return None if value is None else parse_instant(value)
        except ValueError as error:
            raise FormValidationError(INVALID_INSTANT, code="invalid") from error


class InstantFilter(django_filters.DateTimeFilter):
    """Compares with a point in time."""

    field_class = InstantField


class BooleanWidget(widgets.BooleanWidget):
    """A choice of yes and no, which passes on what else was sent."""

    value_from_datadict: Any = forms.Widget.value_from_datadict


class BooleanField(forms.NullBooleanField):
    """``true`` or ``false``."""

    widget = BooleanWidget

    def to_python(self, value: Any) -> bool | None:  # type: ignore[override] # as that of NullBooleanField
        """Return the value; None if the parameter is absent."""
        if value not in ("true", "false", None, ""):
            raise FormValidationError("Must be true or false.", code="invalid")
        return value == "true" if value else None


class BooleanFilter(django_filters.BooleanFilter):
    """Compares with true or false; django-filter's own one overlooks what is neither."""

    field_class = BooleanField


class IntegerFilter(django_filters.NumberFilter):
    """Compares with a whole number; django-filter's own one takes fractions."""

    field_class = forms.IntegerField  # type: ignore[assignment] # the stubs know one class only


class IdListField(django_filters.fields.BaseCSVField):
    """A list of 1 to ``MAX_IDS`` values."""

    def clean(self, value: Any) -> Any:
        """Return the values; None if the parameter is absent."""
        if value is not None and not 1 <= len(value) <= MAX_IDS:
            raise FormValidationError(f"Must be 1 to {MAX_IDS} ids, separated by commas.", code="invalid")
        return super().clean(value)


class IdInFilter(django_filters.BaseInFilter, IntegerFilter):
    """Whole numbers, separated by commas."""

    base_field_class = IdListField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"help_text": f"Ids, separated by commas; at most {MAX_IDS}."} | kwargs)


class StrictFilterSet(django_filters.FilterSet):
    """A FilterSet whose filters refuse what the database would, or what could match nothing."""

    FILTER_DEFAULTS = django_filters.FilterSet.FILTER_DEFAULTS | {
        models.BigIntegerField: {"filter_class": IntegerFilter},
        models.BooleanField: {"filter_class": BooleanFilter},  # and of the lookup isnull
        models.DateTimeField: {"filter_class": InstantFilter},
    }
