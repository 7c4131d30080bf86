"""Limits of lists: time in the database, concurrent searches, length of the query."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from threading import BoundedSemaphore
from typing import Any

from django.conf import settings
from django.db import OperationalError, connections, transaction
from django.http import QueryDict
from rest_framework.exceptions import APIException, ErrorDetail

MAX_QUERY_LENGTH = 4096  # bytes
SEARCH_WAIT_SECONDS = 0.05
LOCK_TIMEOUT = "200ms"  # less than LIST_TIMEOUT, as a locked table is no fault of the query
QUERY_CANCELED = "57014"  # PostgreSQL's code for a statement that took too long

search_slots = BoundedSemaphore(getattr(settings, "LIST_SEARCHES", 1))


class QueryTooLong(APIException):
    """The query string is too long."""

    status_code = HTTPStatus.REQUEST_URI_TOO_LONG
    default_detail = f"The query is longer than {MAX_QUERY_LENGTH} bytes."
    default_code = "query_too_long"


class ListTooExpensive(APIException):
    """A statement of the list took the database longer than ``LIST_TIMEOUT``."""

    status_code = HTTPStatus.BAD_REQUEST
    default_detail = "The list takes too long: search for more or longer words, or filter it further."
    default_code = "list_too_expensive"


class SearchesBusy(APIException):
    """All search slots of this process are in use; the request can be retried."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = "Too many searches are in progress; retry the request."
    default_code = "searches_busy"
    wait = 1


@contextmanager
def limited_reads(alias: str) -> Iterator[None]:
    """Read from a database in a transaction with ``LIST_TIMEOUT`` as the limit of each statement.

    Raises:
        ListTooExpensive: a statement took longer.
        OperationalError: the database is unavailable, or the table is locked for ``LOCK_TIMEOUT``.
    """
    try:
        with transaction.atomic(using=alias):
            timeout = getattr(settings, "LIST_TIMEOUT", "250ms")
            set_locally(
                alias, statement_timeout=timeout, lock_timeout=LOCK_TIMEOUT, max_parallel_workers_per_gather="0"
            )
            yield
            transaction.set_rollback(True, using=alias)  # resets the settings, also within an outer transaction
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) == QUERY_CANCELED:
            raise ListTooExpensive from error
        raise


def set_locally(alias: str, **values: str) -> None:
    """Change PostgreSQL settings for the rest of the transaction."""
    with connections[alias].cursor() as cursor:
        calls = ", ".join(["set_config(%s, %s, true)"] * len(values))
        cursor.execute(f"SELECT {calls}", [part for pair in values.items() for part in pair])


@contextmanager
def search_slot() -> Iterator[None]:
    """Hold one of ``LIST_SEARCHES`` slots. There are fewer slots than threads, so other requests are not blocked.

    Raises:
        SearchesBusy: no slot became free within ``SEARCH_WAIT_SECONDS``.
    """
    if not search_slots.acquire(timeout=SEARCH_WAIT_SECONDS):
        raise SearchesBusy
    try:
        yield
    finally:
        search_slots.release()


class TrackedQuery(QueryDict):
    """A QueryDict that records which parameters are read; access to the whole query reads all of them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.names_read: set[str] = set()
        self.lists_read: set[str] = set()  # the names of which all values were read, not only the last one
        super().__init__(*args, **kwargs)
        self.names_read.clear()
        self.lists_read.clear()

    def __getitem__(self, key: str) -> Any:
        self.names_read.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.names_read.add(str(key))
        return super().__contains__(key)

    def __iter__(self) -> Iterator[str]:  # without it, ``dict(query)`` would bypass the methods below
        return super().__iter__()

    def getlist(self, key: str, default: Any = None) -> Any:
        """Return the values of a parameter."""
        self._read([key])
        return super().getlist(key, default)

    def keys(self) -> Any:
        """Return the names of all parameters."""
        self._read(self)
        return super().keys()

    def lists(self) -> Any:
        """Return each parameter with its values."""
        self._read(self)
        return super().lists()

    def pop(self, key: str, *default: Any) -> Any:  # type: ignore[override] # the stubs overload it
        """Remove a parameter from a copy, and return its values."""
        self._read([key])
        return super().pop(key, *default)

    def _read(self, names: Iterable[str]) -> None:
        self.names_read.update(names)
        self.lists_read.update(names)

    def __deepcopy__(self, memo: Any) -> "TrackedQuery":
        names_read, lists_read = self.names_read.copy(), self.lists_read.copy()
        copy = super().__deepcopy__(memo)
        self.names_read.intersection_update(names_read)  # copying does not count as reading
        self.lists_read.intersection_update(lists_read)
        copy.names_read, copy.lists_read = self.names_read, self.lists_read
        return copy

    def errors(self) -> dict[str, ErrorDetail]:
        """Return an error for each parameter that was not read, or of whose values only the last one was read."""
        errors = {}
        for name, values in super().lists():
            if name not in self.names_read:
                errors[name] = ErrorDetail("Unknown parameter.", "unknown_parameter")
            elif len(values) > 1 and name not in self.lists_read:
                errors[name] = ErrorDetail("Must not be repeated.", "repeated_parameter")
        return errors
