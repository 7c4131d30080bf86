"""Single rows by their primary key."""

from functools import cache
from typing import TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import BigIntegerField, Model
from rest_framework.exceptions import NotFound

ModelT = TypeVar("ModelT", bound=Model)

_DIGITS = len(str(BigIntegerField.MAX_BIGINT))


def find_row(model: type[ModelT], key: str) -> ModelT:
    """Return the row whose key is the number ``key``, of a model of which ``converts_values`` is false.

    The statement is put together once: doing that each time would be a third of what a GET costs (docs/performance.md).

    Raises:
        NotFound: there is none.
    """
    if len(key) > _DIGITS or int(key) > BigIntegerField.MAX_BIGINT:
        raise NotFound
    statement, names = _select(model)
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(statement, [int(key)])
        values = cursor.fetchone()
    if values is None:
        raise NotFound
    return model.from_db(DEFAULT_DB_ALIAS, names, values)


@cache
def converts_values(model: type[Model]) -> bool:
    """Whether a field of ``model`` makes something else of what the database returns, as a JSONField does."""
    return any(hasattr(field, "from_db_value") for field in model._meta.concrete_fields)  # noqa: SLF001 - Django's documented name


@cache
def _select(model: type[Model]) -> tuple[str, list[str]]:
    names = [field.attname for field in model._meta.concrete_fields]  # noqa: SLF001 - as above
    rows = model._default_manager.order_by().filter(pk=0).values_list(*names)  # noqa: SLF001 - as above
    statement, _ = rows.query.sql_with_params()
    return statement, names
