"""Filters that every list has."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Model, QuerySet
from django_filters import BaseInFilter, NumberFilter
from rest_framework import filters
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView


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
            raise ValidationError(
                {self.ordering_param: f"Must be one of: {choices}."}, code="invalid_ordering"
            )
        return valid

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe the parameter with the values that are valid."""
        (parameter,) = super().get_schema_operation_parameters(view)
        values = [f"{sign}{name}" for name in view.ordering_fields for sign in ("", "-")]
        return [parameter | {"schema": {"type": "string", "enum": values}}]


class IdInFilter(BaseInFilter, NumberFilter):
    """Numbers, separated by commas."""
