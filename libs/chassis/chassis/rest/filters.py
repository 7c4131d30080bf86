"""Filters that every list has."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError as FormValidationError
from django.db import models
from django.db.models import Model, QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import filters
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView


class StrictFilterBackend(DjangoFilterBackend):
    """django-filter's backend, which makes no form for a query without a filter, where that changes nothing."""

    def filter_queryset(self, request: Any, queryset: QuerySet[Model], view: Any) -> Any:
        """Return the rows that the query asks for."""
        filterset = self.get_filterset_class(view, queryset)
        if filterset and self._reads_only_the_query(filterset):
            names = tuple(filterset.base_filters)  # of two bounds each begins with the name of their filter
            if not any(parameter.startswith(names) for parameter in request.query_params):
                return queryset
        return super().filter_queryset(request, queryset, view)

    def _reads_only_the_query(self, filterset: type[django_filters.FilterSet]) -> bool:
        """Return whether ``filterset`` only has optional filters of known classes, which do nothing without a value.

        A FilterSet or backend with a method or form of its own, such as a ``qs`` that knows the user, is always asked.
        """
        hooks = ("__init__", "is_valid", "errors", "filter_queryset", "qs", "get_form_class", "form")
        return (
            all(getattr(filterset, name) is getattr(django_filters.FilterSet, name) for name in hooks)
            and not hasattr(getattr(filterset, "Meta", None), "form")
            and type(self).get_filterset is DjangoFilterBackend.get_filterset
            and type(self).get_filterset_kwargs is DjangoFilterBackend.get_filterset_kwargs
            and all(_is_optional(one) for one in filterset.base_filters.values())
        )


def _is_optional(one: django_filters.Filter) -> bool:
    is_known = type(one).__module__ in (django_filters.filters.__name__, __name__)
    return is_known and not one.extra.get("required") and "widget" not in one.extra


class StrictSearchFilter(filters.SearchFilter):
    """Searches, and names its parameter when the text cannot be searched for."""

    def get_search_terms(self, request: Request) -> list[str]:
        """Return the words to look for."""
        try:
            return list(super().get_search_terms(request))
        except ValidationError as error:
            raise ValidationError({self.search_param: error.detail}) from error


class StrictOrderingFilter(filters.OrderingFilter):
    """Orders a list by one of the view's ``ordering_fields``, and refuses any other instead of overlooking it."""

    def remove_invalid_fields(
        self, queryset: QuerySet[Model], fields: Iterable[str], view: APIView, request: Request
    ) -> list[str]:
        """Return ``fields`` when they are one valid field."""
        valid = super().remove_invalid_fields(queryset, fields, view, request)
        if len(valid) != 1 or valid != fields:
            names = [name for name, _ in self.get_valid_fields(queryset, view, {"request": request})]
            choices = ", ".join(f"{name}, -{name}" for name in names)
            raise ValidationError({self.ordering_param: f"Must be one of: {choices}."}, code="invalid_ordering")
        return valid

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe the parameter with the values that are valid."""
        (parameter,) = super().get_schema_operation_parameters(view)
        fields = getattr(view, "ordering_fields", None)
        if not isinstance(fields, (list, tuple)):
            return [parameter]
        values = [f"{sign}{name}" for name in fields for sign in ("", "-")]
        return [parameter | {"schema": {"type": "string", "enum": values}}]


class InstantField(forms.DateTimeField):
    """A point in time, in UTC: Python takes offsets of up to 24 hours, PostgreSQL of less than 16."""

    def to_python(self, value: Any) -> datetime | None:
        """Return the instant."""
        instant: datetime | None = super().to_python(value)
        try:
            return instant and instant.astimezone(UTC)
        except OverflowError as error:
            raise FormValidationError(self.error_messages["invalid"], code="invalid") from error


class InstantFilter(django_filters.DateTimeFilter):
    """Compares with a point in time."""

    field_class = InstantField


class IntegerFilter(django_filters.NumberFilter):
    """Compares with a whole number; django-filter's own one takes fractions."""

    field_class = forms.IntegerField  # type: ignore[assignment] # the stubs know one class only


class IdInFilter(django_filters.BaseInFilter, IntegerFilter):
    """Whole numbers, separated by commas."""


class StrictFilterSet(django_filters.FilterSet):
    """A FilterSet whose filters refuse what the database would, or what could match nothing."""

    FILTER_DEFAULTS = django_filters.FilterSet.FILTER_DEFAULTS | {
        models.BigIntegerField: {"filter_class": IntegerFilter},
        models.DateTimeField: {"filter_class": InstantFilter},
    }
