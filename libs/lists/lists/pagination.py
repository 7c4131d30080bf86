"""Keyset pagination: the cost of a page does not depend on its depth.

A cursor holds the position of a row: its value in the ordering column, and its key to order rows of equal value. The
next page starts after that row by one index look-up. REST framework's own cursor holds only the value and counts rows
of equal value, which is slow from some hundred rows on and wrong past a thousand.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.core import signing
from django.core.exceptions import ImproperlyConfigured
from django.db.models import BooleanField, CompositePrimaryKey, Expression, F, Field, Func, Model, Q, QuerySet, Value
from django.db.models.lookups import GreaterThan, LessThan
from django.http import QueryDict
from rest_framework import pagination
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from lists.limits import limited_reads, search_slot, set_locally

EXAMPLE_LINK = "http://localhost:8081/resources?cursor=WyJpZCIsZmFsc2UsIjUwIiwiNTAiXQ:c2lnbmF0dXJl"


class Cursor(NamedTuple):
    """The position of a row in a list, and the direction in which to read from it."""

    order: str
    backward: bool
    value: str
    key: str


class KeysetPagination(pagination.CursorPagination):
    """Pages by ``cursor`` and ``page_size``, in the order of the ordering filter, then by key.

    The ordering is one column of the model, which must be not null and have an index together with the key. Rows are
    read under the limits of :mod:`lists.limits`.

    A search first reads rows in the order of the list, which is fast for frequent matches. If these do not fill the
    page, or the first rows have too few matches, PostgreSQL finds all matches by the search index and sorts them.
    """

    page_size_query_param = "page_size"
    max_page_size: int | None = 100
    page_size: Any
    page: list[Any]
    ordering = "pk"
    search_windows = (8, 100)  # rows that a search first reads, per row of a page
    unsearched: QuerySet[Any] | None = None  # set by a search: the list before it,
    search_patterns: Sequence[Expression] = ()  # and conditions equivalent to its own
    signer = signing.Signer(salt="lists.pagination")

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        """Return the rows of the requested page; None if the list is not paginated."""
        self.request, self.page_size = request, self.get_page_size(request)
        if self.page_size is None:
            return None
        self.order, self.column = self._get_order(request, queryset, view)
        cursor = self.decode_cursor(request)
        backward = cursor is not None and cursor.backward
        rows = self._read(queryset, cursor, descending=self.order.startswith("-") != backward)
        more = len(rows) > self.page_size
        self.page = rows[: self.page_size][:: -1 if backward else 1]
        self.has_next = bool(rows) and (backward or more)
        self.has_previous = bool(rows) and (more if backward else cursor is not None)
        self.display_page_controls = self.has_next or self.has_previous
        return self.page

    def get_page_size(self, request: Request) -> int | None:
        """Return the requested page size, or the default of the class, which may be None."""
        text = request.query_params.get(self.page_size_query_param)
        if text is None:
            return self.page_size  # type: ignore[no-any-return]
        most = self.max_page_size or 999_999_999
        if re.fullmatch("[0-9]{1,9}", text) and 1 <= int(text) <= most:
            return int(text)
        reason = f"Must be a whole number from 1 to {most}."
        raise ValidationError({self.page_size_query_param: reason}, code="invalid_page_size")

    def decode_cursor(self, request: Request) -> Cursor | None:  # type: ignore[override]
        """Return the request's cursor; None on the first page.

        Raises:
            ValidationError: the cursor is not one of this service, or belongs to another ordering.
        """
        text = request.query_params.get(self.cursor_query_param)
        if text is None:
            return None
        try:
            cursor = Cursor(*self.signer.unsign_object(text))
        except (signing.BadSignature, UnicodeError):
            cursor = None
        if cursor is None or cursor.order != self.order:
            reason = "Not a cursor of this list; restart without a cursor."
            raise ValidationError({self.cursor_query_param: reason}, code="invalid_cursor")
        return cursor

    def get_next_link(self) -> str | None:
        """Return the address of the next page."""
        return self._link(self.page[-1], backward=False) if self.has_next else None

    def get_previous_link(self) -> str | None:
        """Return the address of the previous page."""
        return self._link(self.page[0], backward=True) if self.has_previous else None

    def get_paginated_response(self, data: Any) -> Response:
        """Return the response: the rows, and links to the next and previous page."""
        return Response({"next": self.get_next_link(), "previous": self.get_previous_link(), "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the schema of the response; ``schema`` is that of the results."""
        link = {"type": ["string", "null"], "format": "uri", "example": EXAMPLE_LINK}
        properties = {
            "next": link | {"description": "Address of the next page; null on the last one."},
            "previous": link | {"description": "Address of the previous page; null on the first one."},
            "results": schema,
        }
        return {"type": "object", "properties": properties, "required": list(properties)}

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Return the parameters, with the limits of the page size."""
        schema = {"type": "integer", "minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        cursor, *page_size = super().get_schema_operation_parameters(view)
        return [cursor, *(one | {"schema": schema} for one in page_size)]

    def _get_order(self, request: Request, queryset: QuerySet[Model], view: Any) -> tuple[str, "Field[Any, Any]"]:
        order, *others = self.get_ordering(request, queryset, view)
        column = self.column_of(queryset.model, order.removeprefix("-"))
        if others or column is None:
            raise ImproperlyConfigured("KeysetPagination requires an ordering by one column that is not null.")
        return order, column

    @staticmethod
    def column_of(model: type[Model], name: str) -> "Field[Any, Any] | None":
        """Return the column of ``model`` with this name; None if it does not support keyset pagination."""
        candidates = [model._meta.pk] if name == "pk" else model._meta.concrete_fields
        return next((one for one in candidates if name in ("pk", one.name, one.attname) and not one.null), None)

    def _read(self, queryset: QuerySet[Model], cursor: Cursor | None, *, descending: bool) -> list[Model]:
        """Return the rows of the page, and one more if there is a further page."""
        rows = self._ordered(queryset, cursor, descending=descending)
        if self.unsearched is None:
            with limited_reads(rows.db):
                return list(rows[: self.page_size + 1])
        with search_slot(), limited_reads(rows.db):
            unsearched = self._ordered(self.unsearched, cursor, descending=descending)
            return self._search(rows, unsearched, descending=descending)

    def _ordered(self, queryset: QuerySet[Any], cursor: Cursor | None, *, descending: bool) -> QuerySet[Any]:
        """Return the rows after ``cursor`` in reading order."""
        if cursor is not None:
            position = [self.column.to_python(cursor.value), queryset.model._meta.pk.to_python(cursor.key)]
            queryset = self._beyond(queryset, position, below=descending)
        sign = "-" if descending else ""  # attname: the name of a relation means the ordering of its model
        return queryset.order_by(f"{sign}{self.column.attname}", f"{sign}pk")

    def _beyond(self, queryset: QuerySet[Any], position: Sequence[Any], *, below: bool) -> QuerySet[Any]:
        """Return the rows below or above a position: a value of the ordering column, and a key."""
        name, (value, key), pk = self.column.name, position, queryset.model._meta.pk
        is_bounded = any(parameter.startswith(f"{name}__") for parameter in self.request.query_params)
        if is_bounded or isinstance(pk, CompositePrimaryKey):  # a row constructor holds single columns only
            # PostgreSQL uses only one bound of a column in an index scan, which may be the filter's.
            sign = "lt" if below else "gt"
            is_beyond = Q(**{f"{name}__{sign}": value}) | Q(**{f"pk__{sign}": key})
            return queryset.filter(is_beyond, **{f"{name}__{sign}e": value})
        compare = LessThan if below else GreaterThan
        return queryset.filter(compare(_row(map(F, [name, "pk"])), _row(map(Value, position, [self.column, pk]))))

    def _search(self, found: QuerySet[Any], every: QuerySet[Any], *, descending: bool) -> list[Model]:
        """Return the first rows of ``found``, a subset of ``every``."""
        set_locally(found.db, enable_bitmapscan="off", enable_seqscan="off")  # forces the index of the ordering
        found_in_order = found.filter(*self.search_patterns)
        for window in self.search_windows:
            size, near = window * (self.page_size + 1), found_in_order
            for end in every.values_list(self.column.name, "pk")[size : size + 1]:
                near = self._beyond(found_in_order, end, below=not descending)
            rows = list(near[: self.page_size + 1])
            if len(rows) > self.page_size or near is found_in_order:
                return rows
            if len(rows) * self.search_windows[-1] < size:
                break  # the larger window would not fill the page either
        set_locally(found.db, enable_bitmapscan="on", enable_indexscan="off")  # forces the search index
        return list(found[: self.page_size + 1])

    def _link(self, row: Model, *, backward: bool) -> str:
        value, key = self.column.value_to_string(row), row._meta.pk.value_to_string(row)
        cursor = self.signer.sign_object([self.order, backward, value, key])
        parameters = dict(QueryDict.lists(self.request.query_params)) | {self.cursor_query_param: [cursor]}
        query = urlencode(sorted(parameters.items()), doseq=True, safe=":")  # cursors contain ":"
        return f"{self.request.build_absolute_uri(self.request.path)}?{query}"


def _row(parts: Iterable[Any]) -> Func:
    """Return a row constructor; PostgreSQL compares rows by an index over the columns."""
    return Func(*parts, function="ROW", output_field=BooleanField())
