"""Single rows by their primary key."""

from functools import cache
from typing import TypeVar

from django.db.models import BigIntegerField, Model
from rest_framework.exceptions import NotFound

ModelT = TypeVar("ModelT", bound=Model)

_DIGITS = len(str(BigIntegerField.MAX_BIGINT))


def find_row(model: type[ModelT], key: str) -> ModelT:
    """Return the row whose key is the number ``key``.

    The statement is put together once: for a GET, doing that each time would cost a third of it (docs/performance.md).

    Raises:
        NotFound: there is none.
    """
    if len(key) > _DIGITS or int(key) > BigIntegerField.MAX_BIGINT:
        raise NotFound
    for row in model._default_manager.raw(_select(model), [int(key)]):  # noqa: SLF001 - Django's documented name
        return row
    raise NotFound


@cache
def _select(model: type[Model]) -> str:
    found = model._default_manager.order_by().filter(pk=0)  # noqa: SLF001 - as above
    statement, _ = found.query.sql_with_params()
    return statement
