"""Changes under the lock of their row."""

from typing import TypeVar

from django.db.models import Model
from rest_framework.exceptions import NotFound

ModelT = TypeVar("ModelT", bound=Model)


def lock_row(instance: ModelT) -> ModelT:
    """Return the row of ``instance`` as it is now, locked to the end of the transaction.

    Raises:
        NotFound: it was deleted since it was read.
    """
    rows = type(instance)._default_manager.select_for_update()  # noqa: SLF001 - Django's documented name
    row = rows.filter(pk=instance.pk).first()
    if row is None:
        raise NotFound
    return row
