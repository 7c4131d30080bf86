"""Compiled reads of one object and of a page of a list. Each returns the same response as the view, or None."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from chassis.rest.conditional import entity_tag
from lists.pagination import Cursor, KeysetPagination
from speedups.reads.rows import Rows, encode, text_or_null

_KEY = re.compile("[0-9]{1,18}")  # always fits into 64 bits
_PAGE = re.compile(r"(?!.*(page_size|cursor)=.*\1=)(?:(?:page_size|cursor)=[A-Za-z0-9_.:%-]*(?:&|$))*")  # each once


@dataclass
class CompiledRetrieve:
    """``GET`` of one object by its primary key."""

    action: ClassVar = "retrieve"
    rows: Rows
    headers: dict[str, str]

    def __call__(self, request: HttpRequest, kwargs: Mapping[str, Any]) -> HttpResponse | None:
        """Return the response, or None if the view must handle the request."""
        key = kwargs.get("pk")
        if not isinstance(key, str) or len(kwargs) > 1 or not _KEY.fullmatch(key) or request.META.get("QUERY_STRING"):
            return None
        rows = self.rows.read(self.rows.by_key, [int(key)])
        if not rows:
            return None
        body = encode(self.rows.object(rows[0]))
        etag = entity_tag(body)
        # The middleware excludes If-Match and If-Unmodified-Since, so the result is None or a 304.
        unchanged = get_conditional_response(request, etag) if "HTTP_IF_NONE_MATCH" in request.META else None
        response = unchanged or HttpResponse(body, content_type="application/json")
        for name, value in ("ETag", etag), *self.headers.items():
            response.headers[name] = value
        return response


@dataclass
class CompiledList:
    """``GET`` of a page of a list in its default order; the paginator selects the rows and builds the links."""

    action: ClassVar = "list"
    rows: Rows
    headers: dict[str, str]
    ordering: str
    statements: dict[tuple[bool, bool], str] = field(default_factory=dict)

    def __call__(self, request: HttpRequest, kwargs: Mapping[str, Any]) -> HttpResponse | None:
        """Return the response, or None if the view must handle the request."""
        if kwargs or not _PAGE.fullmatch(request.META.get("QUERY_STRING", "")):
            return None
        pages = _Pages(self)
        try:
            rows: Any = pages.paginate_queryset(self.rows.queryset, Request(request))
        except ValidationError:  # the view reports the error
            return None
        objects = ",".join([self.rows.object(row) for row in rows])
        pages.page = [self.rows.instance(row) for row in rows[:1] + rows[-1:]]  # the links need the first and last row
        after, before = text_or_null(pages.get_next_link()), text_or_null(pages.get_previous_link())
        body = encode(f'{{"next":{after},"previous":{before},"results":[{objects}]}}')
        return HttpResponse(body, content_type="application/json", headers=self.headers)


class _Pages(KeysetPagination):
    """The paginator, with cached SQL statements."""

    def __init__(self, read: CompiledList) -> None:
        self.read = read

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        return (self.read.ordering,)

    def _read(self, queryset: QuerySet[Model], cursor: Cursor | None, *, descending: bool) -> list[Any]:
        statements, kind = self.read.statements, (cursor is not None, descending)
        if kind not in statements:
            sql, _ = self._ordered(queryset, cursor, descending=descending).query.sql_with_params()
            statements[kind] = f"{sql} LIMIT %s"
        columns: Any = (self.column, queryset.model._meta.pk)
        place = [column.to_python(text) for column, text in zip(columns, cursor[2:], strict=True)] if cursor else []
        return self.read.rows.read(statements[kind], [*place, self.page_size + 1])
