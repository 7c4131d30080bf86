"""The system check of the encoding and the locale of databases; ``migrate`` and ``check --database`` run it."""

from collections.abc import Collection
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 -- Django's name
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper


@register(Tags.database)
def encoding_and_locale(databases: Collection[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Report PostgreSQL databases that cannot store every character, or know the case of ASCII letters only.

    A database that does not respond is not reported, as by Django's own checks.
    """
    chosen = [connections[alias] for alias in databases or []]
    return [found for connection in chosen if connection.vendor == "postgresql" for found in _check(connection)]


def _check(connection: BaseDatabaseWrapper) -> list[CheckMessage]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_encoding")
            (encoding,) = cursor.fetchone()
            if encoding != "UTF8":
                text = f"The encoding of the database is {encoding}, and must be UTF8, which has all characters."
                hint = "Create it with TEMPLATE template0 ENCODING 'UTF8'."
                return [Error(text, hint, connection.alias, "migrating.E001")]
            cursor.execute("SELECT lower('Ä') = 'ä'")
            (has_case,) = cursor.fetchone()
    except OperationalError:
        return []
    if has_case:
        return []
    text = (
        "The locale of the database knows the case of ASCII letters only: constraints and searches that ignore case, "
        "such as those of e-mail addresses, distinguish 'Ä' from 'ä'."
    )
    hint = "Create it with TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8', and restore a dump."
    return [Warning(text, hint, connection.alias, "migrating.W001")]
