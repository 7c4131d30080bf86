"""Rows of a table, read by statements that are put together once.

To do that each time is a third of what a GET of one object costs, and a sixth of a page (docs/performance.md).
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import BigIntegerField, Model, QuerySet
from django.db.models.query import ModelIterable
from rest_framework.exceptions import NotFound

ModelT = TypeVar("ModelT", bound=Model)

_DIGITS = len(str(BigIntegerField.MAX_BIGINT))


def is_whole_table(queryset: QuerySet[Any]) -> bool:
    """Whether it stands for all rows of a table as they are: none left out, and nothing joined, added or converted."""
    query = queryset.query
    return not (
        query.has_filters()
        or query.is_sliced
        or query.distinct
        or query.combinator
        or query.annotations
        or query.extra
        or query.select_related
        or query.select_for_update
        or query.deferred_loading[0]
        or queryset.db != DEFAULT_DB_ALIAS
        or queryset._prefetch_related_lookups  # noqa: SLF001 - no public way to know
        or queryset._iterable_class is not ModelIterable  # noqa: SLF001 - as above
        or converts_values(queryset.model)
    )


@cache
def converts_values(model: type[Model]) -> bool:
    """Whether a field of ``model`` makes something else of what the database returns, as a JSONField does."""
    return any(hasattr(field, "from_db_value") for field in model._meta.concrete_fields)  # noqa: SLF001 - Django's documented name


def fetch(model: type[ModelT], statement: str, parameters: Sequence[Any]) -> list[ModelT]:
    """Return the rows that ``statement``, of a whole table, finds."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(statement, parameters)
        found = cursor.fetchall()
    names = _names(model)
    return [model.from_db(DEFAULT_DB_ALIAS, names, values) for values in found]


def find_row(model: type[ModelT], key: str) -> ModelT:
    """Return the row of a whole table whose key is the number ``key``.

    Raises:
        NotFound: there is none.
    """
    if len(key) <= _DIGITS and int(key) <= BigIntegerField.MAX_BIGINT:
        for row in fetch(model, _select_one(model), [int(key)]):
            return row
    raise NotFound


@cache
def _names(model: type[Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]  # noqa: SLF001 - as above


@cache
def _select_one(model: type[Model]) -> str:
    statement, _ = model._default_manager.order_by().filter(pk=0).query.sql_with_params()  # noqa: SLF001 - as above
    return statement
