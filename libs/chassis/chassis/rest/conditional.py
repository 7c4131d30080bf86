"""Conditional requests (RFC 9110, section 13), by Django's ``get_conditional_response``."""

import hashlib
from http import HTTPStatus
from typing import Any

from django.utils.cache import get_conditional_response
from django.utils.http import parse_etags
from rest_framework.exceptions import APIException
from rest_framework.request import Request


class PreconditionFailed(APIException):
    """A precondition of the request does not hold."""

    status_code = HTTPStatus.PRECONDITION_FAILED
    default_detail = "The object was changed since it was read; read it again."
    default_code = "precondition_failed"


def entity_tag(json: bytes) -> str:
    """Return the strong entity tag of an object's JSON."""
    return f'"{hashlib.blake2b(json, digest_size=16).hexdigest()}"'


def conditional(request: Request, etag: str, response: Any) -> Any:
    """Return ``response`` with its ``ETag``, or a 304 response if the client's copy is current.

    Raises:
        PreconditionFailed: ``If-Match`` or ``If-None-Match`` does not hold.
    """
    if not parse_etags(request.META.get("HTTP_IF_MATCH", "*")):  # Django overlooks a header that has no entity tag
        raise PreconditionFailed
    response.headers.setdefault("ETag", etag)
    result: Any = get_conditional_response(request, etag, response=response)
    if result.status_code == HTTPStatus.PRECONDITION_FAILED:
        raise PreconditionFailed
    return result
