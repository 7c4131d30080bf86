"""Reads rows of a model with SQL and formats them as the JSON of their serializer."""

import json
from collections.abc import Callable, Sequence
from json.encoder import encode_basestring  # the string encoder of ``json``
from typing import Any

from django.db import connection
from django.db.models import BooleanField, DateTimeField, Field, IntegerField, Model, QuerySet
from django.db.models.signals import post_init, pre_init

Row = tuple[Any, ...]


class Rows:
    """Reads columns of a model and formats rows as JSON objects."""

    def __init__(self, model: type[Model], fields: "list[Field[Any, Any]]") -> None:
        self.model = model
        self.names = [field.attname for field in fields]
        self.queryset: QuerySet[Any, Any] = QuerySet(model).order_by().values_list(*self.names)
        self.by_key, _ = self.queryset.filter(pk=1).query.sql_with_params()
        self._json = "{" + ",".join(f'"{name}":%s' for name in self.names) + "}"
        self._writers = [_writer(field) for field in fields]

    def have_receivers(self) -> bool:
        """Return whether ``pre_init`` or ``post_init`` of the model has receivers."""
        return pre_init.has_listeners(self.model) or post_init.has_listeners(self.model)

    def read(self, sql: str, parameters: Sequence[Any]) -> list[Row]:
        """Return the rows that ``sql`` selects."""
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall()  # type: ignore[no-any-return]

    def instance(self, row: Row) -> Model:
        """Return a model instance of ``row``."""
        values = dict(zip(self.names, row, strict=True))
        columns = [field.attname for field in self.model._meta.concrete_fields if field.attname in values]
        return self.model.from_db(connection.alias, columns, [values[name] for name in columns])

    def object(self, row: Row) -> str:
        """Format ``row`` as a JSON object."""
        return self._json % tuple([write(value) for write, value in zip(self._writers, row, strict=True)])


def encode(text: str) -> bytes:
    """Encode JSON text as REST framework does, which escapes U+2028 and U+2029."""
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").encode()


def text_or_null(text: str | None) -> str:
    """Format a string or None as JSON."""
    return "null" if text is None else encode_basestring(text)


def _writer(field: "Field[Any, Any]") -> Callable[[Any], str]:
    if isinstance(field, DateTimeField):
        return _datetime
    if isinstance(field, IntegerField):
        return _number
    if isinstance(field, BooleanField):
        return json.dumps
    return text_or_null if field.null else encode_basestring


def _number(value: int | None) -> str:
    return "null" if value is None else str(value)


def _datetime(value: Any) -> str:
    return "null" if value is None else f'"{value.isoformat()}"'.replace("+00:00", "Z")
