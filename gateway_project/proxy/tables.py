"""Read tables of the routes file: reject unknown keys, and substitute environment variables."""

import os
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

_VARIABLE = re.compile(r"\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})?")  # without a name: malformed


class WrongKeyError(Exception):
    """The value of a key is invalid; the message names the key and the reason."""

    def __init__(self, key: str, reason: object) -> None:
        super().__init__(f"{key}: {reason}")


class Table:
    """A TOML table that removes each key that is read; ``finish`` rejects the rest."""

    def __init__(self, name: str, content: object) -> None:
        if not isinstance(content, dict):
            raise WrongKeyError(name, "must be a table")
        self.name = name
        self._content = dict(content)

    def key(self, key: str) -> str:
        """Return the full name of ``key``."""
        return f"{self.name}.{key}" if self.name else key

    def table(self, key: str) -> "Table":
        """Read the table ``key``; an empty one if it is missing."""
        return Table(self.key(key), self._content.pop(key, {}))

    def tables(self, key: str) -> list[tuple[str, "Table"]]:
        """Read the tables in the table ``key``, with their names."""
        table = self.table(key)
        return [(name, Table(table.key(name), content)) for name, content in table._content.items()]  # noqa: SLF001 - of the same class

    def array(self, key: str) -> list["Table"]:
        """Read the tables of the array ``key``."""
        content = self._content.pop(key, [])
        if not isinstance(content, list):
            raise WrongKeyError(self.key(key), f"must be an array of tables, [[{self.key(key)}]]")
        return [Table(f"{self.key(key)}[{number}]", table) for number, table in enumerate(content, start=1)]

    def take(self, key: str, convert: Callable[[Any], Any], default: Any = ...) -> Any:
        """Read and convert the value of ``key``; ``default`` if it is missing.

        Raises:
            WrongKeyError: the value is invalid, or it is missing and there is no default.
        """
        if key not in self._content:
            if default is ...:
                raise WrongKeyError(self.key(key), "is required")
            return default
        try:
            return convert(_expand(self._content.pop(key)))
        except ValueError as error:
            raise WrongKeyError(self.key(key), error) from error

    def skip(self, keys: Iterable[str]) -> None:
        """Accept ``keys`` without reading their values."""
        for key in keys:
            self._content.pop(key, None)

    def finish(self) -> None:
        """Reject unknown keys: those that were neither read nor skipped."""
        if self._content:
            raise WrongKeyError(self.key(next(iter(self._content))), "unknown key")


def refuse_duplicates(tables: Sequence[Table], names: Sequence[str], key: str) -> None:
    """Reject a table whose ``key`` has the same value as that of an earlier one; ``names`` are the values."""
    for number, (table, name) in enumerate(zip(tables, names, strict=True)):
        if name in names[:number]:
            raise WrongKeyError(table.key(key), f'"{name}" is already used by {tables[names.index(name)].name}')


def _expand(value: object) -> object:
    """Replace ``${NAME}`` and ``${NAME:-default}`` in the strings of ``value`` with environment variables."""
    if isinstance(value, list):
        return [_expand(item) for item in value]
    if isinstance(value, dict):
        return {key: _expand(item) for key, item in value.items()}
    return _VARIABLE.sub(_variable, value) if isinstance(value, str) else value


def _variable(found: re.Match[str]) -> str:
    name, default = found.groups()
    if name is None:
        raise ValueError("a variable must be written as ${NAME} or ${NAME:-default}")
    value = os.environ.get(name) or default
    if value is None:
        raise ValueError(f"the environment variable {name} is not set, and no default is given (${{{name}:-default}})")
    return value
