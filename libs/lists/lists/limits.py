"""Limits of lists: time in the database, concurrent searches, length of the query."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from threading import BoundedSemaphore
from typing import Any

from django.conf import settings
from django.db import OperationalError, connections, transaction
from django.http import QueryDict
from rest_framework.exceptions import APIException

MAX_QUERY_LENGTH = 4096  # bytes
SEARCH_WAIT_SECONDS = 0.05
QUERY_CANCELED = "57014"  # PostgreSQL's code for a statement that took too long

search_places = BoundedSemaphore(settings.LIST_SEARCHES)


class QueryTooLong(APIException):
    """The query string is longer than any list needs."""

    status_code = HTTPStatus.REQUEST_URI_TOO_LONG
    default_detail = f"The query is longer than {MAX_QUERY_LENGTH} bytes."
    default_code = "query_too_long"


class ListTooExpensive(APIException):
    """The list would take the database longer than ``LIST_TIMEOUT``."""

    status_code = HTTPStatus.BAD_REQUEST
    default_detail = "The list takes too long: search for more or longer words, or filter it further."
    default_code = "list_too_expensive"


class SearchesBusy(APIException):
    """This process has as many searches as it may have at once; the request can be repeated."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = "Too many searches are in progress; try again."
    default_code = "searches_busy"
    wait = 1


@contextmanager
def limited_reads(alias: str) -> Iterator[None]:
    """Read from a database in a transaction of which each statement takes at most ``LIST_TIMEOUT``.

    Raises:
        ListTooExpensive: one took longer.
    """
    try:
        with transaction.atomic(using=alias):
            set_locally(alias, statement_timeout=settings.LIST_TIMEOUT, max_parallel_workers_per_gather="0")
            yield
            transaction.set_rollback(True, using=alias)  # ends the settings also in a larger transaction
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) == QUERY_CANCELED:
            raise ListTooExpensive from error
        raise


def set_locally(alias: str, **values: str) -> None:
    """Set PostgreSQL's settings for the rest of the transaction."""
    with connections[alias].cursor() as cursor:
        calls = ", ".join(["set_config(%s, %s, true)"] * len(values))
        cursor.execute(f"SELECT {calls}", [part for pair in values.items() for part in pair])


@contextmanager
def search_place() -> Iterator[None]:
    """Hold one of ``LIST_SEARCHES`` places. There are fewer than threads, so that some are left for other requests.

    Raises:
        SearchesBusy: none was free within ``SEARCH_WAIT_SECONDS``.
    """
    if not search_places.acquire(timeout=SEARCH_WAIT_SECONDS):
        raise SearchesBusy
    try:
        yield
    finally:
        search_places.release()


class AskedQuery(QueryDict):
    """A query that knows which of its parameters were asked for by name; to read it as a whole is to ask for all."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.asked: set[str] = set()
        super().__init__(*args, **kwargs)
        self.asked.clear()

    def __getitem__(self, key: str) -> Any:
        self.asked.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)

    def __iter__(self) -> Iterator[str]:  # without it, ``dict(query)`` would go past the methods below
        return super().__iter__()

    def getlist(self, key: str, default: Any = None) -> Any:
        """Return the values of a parameter."""
        self.asked.add(key)
        return super().getlist(key, default)

    def keys(self) -> Any:
        """Return the names of all parameters."""
        self.asked.update(self)
        return super().keys()

    def lists(self) -> Any:
        """Return each parameter with its values."""
        self.asked.update(self)
        return super().lists()

    def pop(self, key: str, *default: Any) -> Any:  # type: ignore[override] # the stubs overload it
        """Take a parameter out of a copy."""
        self.asked.add(key)
        return super().pop(key, *default)

    def __deepcopy__(self, memo: Any) -> "AskedQuery":
        asked = self.asked.copy()
        copy = super().__deepcopy__(memo)
        self.asked.intersection_update(asked)  # to copy is not to ask
        copy.asked = self.asked
        return copy

    def unknown(self) -> list[str]:
        """Return the parameters that nothing has asked for."""
        return [name for name in self if name not in self.asked]
