"""Conditional requests (RFC 9110, section 13): entity tags of single objects, and changes of what is still as read."""

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from chassis.rest.renderers import JSONRenderer


class PreconditionFailed(APIException):
    """The object is not in the state that the request is meant for."""

    status_code = HTTPStatus.PRECONDITION_FAILED
    default_detail = "The object was changed since it was read; read it again."
    default_code = "precondition_failed"


def entity_tag(data: Mapping[str, Any]) -> str:
    """Return the strong entity tag of an object's JSON."""
    digest = hashlib.blake2b(JSONRenderer().render(data), digest_size=16).hexdigest()
    return f'"{digest}"'


def check_preconditions(request: Request, data: Mapping[str, Any]) -> None:
    """Compare ``If-Match`` and ``If-None-Match`` with the object as it is now; call it under the lock of the change.

    Raises:
        PreconditionFailed: they do not hold.
    """
    if _is_conditional(request) and get_conditional_response(request._request, etag=entity_tag(data)):  # noqa: SLF001 - the only way to it
        raise PreconditionFailed


def _is_conditional(request: Request) -> bool:
    return "HTTP_IF_MATCH" in request.META or "HTTP_IF_NONE_MATCH" in request.META


def tag(request: Request, response: Any) -> HttpResponseBase | None:
    """Give the answer to a GET of one object its ``ETag``; return it, or 304 when the client has it already."""
    etag = entity_tag(response.data)
    response["ETag"] = etag
    if not _is_conditional(request):
        return response
    return get_conditional_response(request._request, etag=etag, response=response)  # noqa: SLF001 - as above
