"""What the services' models share."""

from collections.abc import Collection
from functools import cache
from typing import Any, Self

from django.db import connections, models
from django.db.models.base import ModelState
from django.db.models.sql import InsertQuery


class PromptModel(models.Model):
    """A model whose rows cost less (docs/performance.md): one that is read is made without ``__init__``.

    So no ``pre_init`` and ``post_init`` are sent then. The INSERT is put together once, not for each row.
    """

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any]) -> Self:
        """Return the row of which ``values`` were read; the other fields are deferred."""
        row = cls.__new__(cls)
        row._state = state = ModelState()  # noqa: SLF001 - Django's documented name
        state.adding, state.db = False, db
        for name, value in zip(field_names, values, strict=True):
            setattr(row, name, value)
        return row

    def _do_insert(
        self, manager: Any, using: str, fields: list[Any], returning_fields: list[Any], raw: Any
    ) -> list[Any]:
        statement = None
        if not raw and not any(
            hasattr(getattr(self, field.attname), "resolve_expression") for field in fields
        ):
            statement = _insert(type(self), using, tuple(fields), tuple(returning_fields))
        if statement is None:
            return super()._do_insert(manager, using, fields, returning_fields, raw)  # type: ignore[misc, no-any-return] # Django's, and not in the stubs
        connection = connections[using]
        values = [field.get_db_prep_save(field.pre_save(self, add=True), connection) for field in fields]
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return [cursor.fetchone()] if returning_fields else []


@cache
def _insert(
    model: type[models.Model], using: str, fields: tuple[Any, ...], returning: tuple[Any, ...]
) -> str | None:
    """Return the statement; None where it depends on the values, or what it returns has to be converted."""
    if any(hasattr(field, "get_placeholder") for field in fields):
        return None
    if any(hasattr(field, "from_db_value") for field in returning):
        return None
    query = InsertQuery(model)
    query.insert_values(fields, [model()], raw=True)
    compiler = query.get_compiler(using)
    compiler.returning_fields = returning
    ((statement, _),) = compiler.as_sql()
    return str(statement)
