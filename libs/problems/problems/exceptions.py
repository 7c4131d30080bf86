"""Conversion of exceptions to problems."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from django.db import InterfaceError, OperationalError, connections
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.utils.serializer_helpers import ReturnDict
from rest_framework.views import exception_handler

from problems.responses import printable, problem, problem_response
from problems.types import PROBLEM_JSON

MAX_ERRORS = 20
MAX_TEXT = 200
LOCK_NOT_AVAILABLE = "55P03"
READ_ONLY = "25006"  # PostgreSQL's code for a write to a standby, as after a failover
# Codes of PostgreSQL that psycopg2 counts as operational, although a retry fails, too: limits such as the size of an
# index row, and writes to a view.
PERMANENT = ("54", "55000")

logger = logging.getLogger(__name__)


class DatabaseUnavailable(exceptions.APIException):
    """The database does not respond; the request can be retried."""

    status_code = 503
    default_detail = "The database does not respond; retry the request."
    default_code = "database_unavailable"
    wait = 1


class DatabaseUnavailableMiddleware:
    """Responds with ``DatabaseUnavailable`` to database errors outside of API views, as on pages of the admin."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle the request."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return a 503 for a database error; None for other exceptions, which Django handles."""
        if not is_database_error(exception):
            return None
        _note_database_error(exception)
        error = DatabaseUnavailable
        headers = {"Retry-After": str(error.wait)}
        return problem_response(request, error.status_code, error.default_code, error.default_detail, headers)


def report_error(view: Any, request: HttpRequest, error: Exception, headers: dict[str, str]) -> Any:
    """Return the rendered response, with ``headers``, of a REST framework view whose action would raise ``error``."""

    def initial(*args: Any, **kwargs: Any) -> None:
        raise error

    failing: Any = type(view.cls.__name__, (view.cls,), {"initial": initial})
    match: Any = request.resolver_match
    response = failing.as_view(view.actions, **view.initkwargs)(request, *match.args, **match.kwargs).render()
    for name, value in headers.items():
        response[name] = value
    return response


def problem_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Return a problem for ``exc``; None for an unexpected exception, which Django logs and handles as a 500.

    A validation error also carries ``errors``, a list of ``field`` (dotted path; null for the whole body), ``code``
    and ``message``.
    """
    if is_database_error(exc):
        _note_database_error(exc)
        exc = DatabaseUnavailable()
    response = exception_handler(exc, context)
    if response is None:
        return None
    request = context["request"]
    # An HTML page keeps its media type. If no renderer was acceptable, the response is JSON.
    if isinstance(getattr(request, "accepted_renderer", JSONRenderer()), JSONRenderer):
        response.content_type = PROBLEM_JSON
    detail = response.data.get("detail") if isinstance(response.data, dict) else None
    if isinstance(detail, exceptions.ErrorDetail) and not isinstance(exc, exceptions.ValidationError):
        response.data = problem(request, response.status_code, str(detail.code), _short(detail))
    elif isinstance(exc, exceptions.APIException):
        response.data = _problem_with_errors(request, response.status_code, exc)
    return response


def _problem_with_errors(request: Request, status: int, exc: exceptions.APIException) -> dict[str, Any]:
    errors = list(_flatten(exc.get_full_details()))[:MAX_ERRORS]
    detail = "Not valid: " + ", ".join(sorted({error["field"] or "the body" for error in errors})) + "."
    data = problem(request, status, exc.default_code, detail) | {"errors": errors}
    # The browsable API renders the form and its errors from the serializer of the data.
    serializer = getattr(exc.detail, "serializer", None)
    return ReturnDict(data, serializer=serializer) if serializer else data


def is_database_error(exception: Exception) -> bool:
    """Whether the database is unavailable or read-only, so that a retry can succeed."""
    code = _code_of(exception) or ""
    is_operational = isinstance(exception, OperationalError | InterfaceError) and not code.startswith(PERMANENT)
    return is_operational or code == READ_ONLY


def is_unresponsive(exception: Exception) -> bool:
    """Whether a database error is a failed connection or a lock, which another attempt would wait for again."""
    return _code_of(exception) in (None, LOCK_NOT_AVAILABLE)


def _code_of(exception: Exception) -> str | None:
    code: str | None = getattr(exception.__cause__, "pgcode", None)  # None: the connection failed
    return code


def _note_database_error(exception: Exception) -> None:
    logger.error("database unavailable", exc_info=exception)
    if _code_of(exception) == READ_ONLY:
        for connection in connections.all(initialized_only=True):
            connection.close_at = 0  # at the end of the request: a new connection may reach the primary


def _flatten(details: Any, path: str = "") -> Iterator[dict[str, str | None]]:
    """Yield REST framework's nested details as rows of field, code and message."""
    if isinstance(details, list):
        for item in details:
            yield from _flatten(item, path)
    elif isinstance(details.get("message"), str) and "code" in details:
        yield {"field": _short(path) or None, "code": details["code"], "message": _short(details["message"])}
    else:
        for name, value in details.items():
            step = "" if name in (api_settings.NON_FIELD_ERRORS_KEY, NON_FIELD_ERRORS) else str(name)
            yield from _flatten(value, ".".join(part for part in (path, step) if part))


def _short(text: str) -> str:
    # Messages quote input, whose length must be limited and whose lone surrogates cannot be encoded.
    return printable(text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…")
