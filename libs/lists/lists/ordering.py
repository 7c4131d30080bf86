"""The ordering filter of lists."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.db.models import Model, QuerySet
from rest_framework import filters
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from lists.pagination import KeysetPagination

RANGE_LOOKUPS = ("gt", "gte", "lt", "lte")


class StrictOrderingFilter(filters.OrderingFilter):
    """Orders a list by one of the view's ``ordering_fields``, and refuses other fields.

    No index finds rows within bounds of one column in the order of another, so a query that bounds one of the view's
    ``range_fields``, such as by ``created_at__gte``, is ordered by that field. A search is ordered by one of
    ``search_ordering_fields``. These must not correlate with the text that is searched, as names do.
    """

    def get_ordering(self, request: Request, queryset: QuerySet[Model], view: Any) -> Any:
        """Return the requested ordering, or the default."""
        query, ordering = request.query_params, super().get_ordering(request, queryset, view)
        if not query:
            return ordering
        ranges = getattr(view, "range_fields", ())
        bounded = [name for name in ranges if any(query.get(f"{name}__{lookup}") for lookup in RANGE_LOOKUPS)]
        if bounded and not query.get(self.ordering_param):
            return bounded[:1]
        allowed = bounded or (query.get(api_settings.SEARCH_PARAM) and getattr(view, "search_ordering_fields", None))
        if allowed and ordering and ordering[0].removeprefix("-") not in allowed:
            choices = ", ".join(f"{name}, -{name}" for name in allowed)
            reason = f"Must be one of: {choices}, with " + (f"bounds of {bounded[0]}." if bounded else "a search.")
            raise ValidationError({self.ordering_param: reason}, code="invalid_ordering")
        return ordering

    def get_valid_fields(self, queryset: QuerySet[Model], view: Any, context: Any = None) -> list[tuple[str, str]]:
        """Return the names and labels of the fields that a list can be ordered by.

        Without a list of ``ordering_fields``, fields that keyset pagination does not support are left out, and
        generated columns, which may be null.
        """
        valid = super().get_valid_fields(queryset, view, context or {})
        paginator = getattr(view, "paginator", None)
        is_listed = isinstance(getattr(view, "ordering_fields", self.ordering_fields), (list, tuple))
        if is_listed or not isinstance(paginator, KeysetPagination):
            return valid
        find = partial(paginator.column_of, queryset.model)
        return [(name, label) for name, label in valid if (column := find(name)) and not column.generated]

    def remove_invalid_fields(
        self, queryset: QuerySet[Model], fields: Iterable[str], view: APIView, request: Request
    ) -> list[str]:
        """Return ``fields`` if they are a single valid field.

        Raises:
            ValidationError: they are not.
        """
        valid = super().remove_invalid_fields(queryset, fields, view, request)
        if len(valid) != 1 or valid != fields:
            names = [name for name, _ in self.get_valid_fields(queryset, view, {"request": request})]
            choices = ", ".join(f"{name}, -{name}" for name in names)
            raise ValidationError({self.ordering_param: f"Must be one of: {choices}."}, code="invalid_ordering")
        return valid

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Return the parameter with its valid values."""
        (parameter,) = super().get_schema_operation_parameters(view)
        fields = getattr(view, "ordering_fields", None)
        if not isinstance(fields, (list, tuple)):
            return [parameter]
        values = [f"{sign}{name}" for name in fields for sign in ("", "-")]
        description = parameter["description"]
        if ranges := getattr(view, "range_fields", ()):
            description += f" A list with bounds of `{ranges[0]}` is ordered by it, and by no other field."
        if (searched := getattr(view, "search_ordering_fields", fields)) != fields:
            description += f" A search can be ordered by {' and '.join(f'`{name}`' for name in searched)} only."
        return [parameter | {"schema": {"type": "string", "enum": values}, "description": description}]
