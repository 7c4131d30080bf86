"""Lists in pages of constant cost.

A cursor holds the last row's place (the value of the ordering field, and the id to tell equal values apart), and
the next page starts with one index look-up behind it, however deep it lies. REST framework's own cursor keeps the value
only and counts rows of equal value, which is slow from some hundred on and wrong past a thousand.
"""

import re
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.core import signing
from django.db import connection
from django.db.models import BooleanField, F, Func, Model, QuerySet, Value
from django.db.models.lookups import GreaterThan, LessThan
from rest_framework import pagination
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from chassis.rest.response import PromptResponse
from chassis.rest.rows import fetch, is_whole_table

MAX_PAGE_SIZE = 100
# Those of pages of whole tables, by what they differ in: a few for each size.
_statements: dict[tuple[type[Model], str, bool, bool, int], str] = {}
_WHOLE_NUMBER = re.compile("[0-9]{1,9}")


class Cursor(NamedTuple):
    """A place between two rows of a list, and the direction in which to read from it."""

    ordering: str
    backward: bool
    value: str
    id: int


class KeysetPagination(pagination.CursorPagination):
    """Pages by ``cursor`` and ``page_size`` (1 to 100) in the order that the ordering filter chose, then by id."""

    page_size_query_param = "page_size"
    page_size_query_description = f"Number of results per page, 1 to {MAX_PAGE_SIZE}."
    max_page_size = MAX_PAGE_SIZE
    ordering = "id"

    _signer = signing.Signer(salt="chassis.rest.pagination")

    def paginate_queryset(self, queryset: QuerySet[Model], request: Request, view: Any = None) -> list[Model]:
        """Return the rows of the page that the request asks for."""
        self._address = request.build_absolute_uri(request.path)
        self._parameters = dict(request.query_params.lists())
        self.page_size = self.get_page_size(request)
        (self._ordering,) = self.get_ordering(request, queryset, view)
        self._field = self._ordering.removeprefix("-")
        cursor = self.decode_cursor(request)
        backward = cursor is not None and cursor.backward
        rows = self._read(queryset, cursor, descending=self._ordering.startswith("-") != backward)
        more = len(rows) > self.page_size
        rows = rows[: self.page_size]
        if backward:
            rows.reverse()
        self._page = rows
        self.has_next = bool(rows) and (backward or more)
        self.has_previous = bool(rows) and (more if backward else cursor is not None)
        self.display_page_controls = self.has_next or self.has_previous
        return rows

    def get_page_size(self, request: Request) -> int:
        """Return the page size that the request asks for."""
        text = request.query_params.get(self.page_size_query_param)
        if text is None:
            return int(self.page_size)
        if _WHOLE_NUMBER.fullmatch(text) and 1 <= int(text) <= MAX_PAGE_SIZE:
            return int(text)
        raise ValidationError(
            {self.page_size_query_param: f"Must be a whole number from 1 to {MAX_PAGE_SIZE}."},
            code="invalid_page_size",
        )

    def decode_cursor(self, request: Request) -> Cursor | None:  # type: ignore[override]
        """Return the request's cursor; None on the first page.

        Raises:
            ValidationError: it was not made by this service, or for a list in another order.
        """
        text = request.query_params.get(self.cursor_query_param)
        if text is None:
            return None
        try:
            cursor = Cursor(*self._signer.unsign_object(text))
        except (signing.BadSignature, UnicodeError):
            cursor = None
        if cursor is None or cursor.ordering != self._ordering:
            raise ValidationError(
                {self.cursor_query_param: "Not a cursor of this list; start again without one."},
                code="invalid_cursor",
            )
        return cursor

    def get_next_link(self) -> str | None:
        """Return the address of the next page."""
        return self._link(self._page[-1], backward=False) if self.has_next else None

    def get_previous_link(self) -> str | None:
        """Return the address of the previous page."""
        return self._link(self._page[0], backward=True) if self.has_previous else None

    def get_paginated_response(self, data: Any) -> Response:
        """Return the answer with the page's rows and its neighbours."""
        return PromptResponse(
            {"next": self.get_next_link(), "previous": self.get_previous_link(), "results": data}
        )

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe both parameters, with the limits of the page size."""
        cursor, page_size = super().get_schema_operation_parameters(view)
        schema = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": self.page_size}
        return [cursor, page_size | {"schema": schema}]

    def _link(self, row: Model, *, backward: bool) -> str:
        value = row._meta.get_field(self._field).value_to_string(row)  # noqa: SLF001 - Django's documented name
        cursor = self._signer.sign_object([self._ordering, backward, value, row.pk])
        parameters = self._parameters | {self.cursor_query_param: [cursor]}
        query = urlencode(sorted(parameters.items()), doseq=True, safe=":")  # a cursor has one
        return f"{self._address}?{query}"

    def _read(self, queryset: QuerySet[Model], cursor: Cursor | None, *, descending: bool) -> list[Model]:
        """Return the rows of the page, and the one behind them if there is one."""
        if not is_whole_table(queryset):
            return list(self._page(queryset, cursor, descending=descending))
        kind = (queryset.model, self._field, descending, cursor is None, self.page_size)
        if kind not in _statements:
            _statements[kind], _ = self._page(queryset, cursor, descending=descending).query.sql_with_params()
        place = []
        if cursor is not None:
            field: Any = queryset.model._meta.get_field(self._field)  # noqa: SLF001 - Django's documented name
            place = [field.get_db_prep_value(field.to_python(cursor.value), connection), cursor.id]
        return fetch(queryset.model, _statements[kind], place)

    def _page(self, queryset: QuerySet[Model], cursor: Cursor | None, *, descending: bool) -> QuerySet[Model]:
        if cursor is not None:
            queryset = queryset.filter(self._lies_beyond(cursor, queryset.model, descending=descending))
        sign = "-" if descending else ""
        keys = [f"{sign}{name}" for name in dict.fromkeys([self._field, "id"])]
        return queryset.order_by(*keys)[: self.page_size + 1]

    def _lies_beyond(self, cursor: Cursor, model: type[Model], *, descending: bool) -> LessThan | GreaterThan:
        # A comparison of rows, which PostgreSQL answers from the index over both columns.
        field: Any = model._meta.get_field(self._field)  # noqa: SLF001 - Django's documented name
        row = Func(F(self._field), F("id"), function="ROW", output_field=BooleanField())
        place = Func(
            Value(field.to_python(cursor.value), output_field=field),
            Value(cursor.id),
            function="ROW",
            output_field=BooleanField(),
        )
        return LessThan(row, place) if descending else GreaterThan(row, place)
