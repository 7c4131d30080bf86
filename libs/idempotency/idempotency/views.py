"""Idempotent creation of objects."""

import hashlib
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import timedelta
from http import HTTPStatus
from typing import Any, ClassVar

from django.conf import settings
from django.core.files import File
from django.db import connection, transaction
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema, extend_schema_view
from prometheus_client import Counter
from rest_framework.exceptions import APIException, ErrorDetail, ParseError, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from chassis.rest.viewsets import ResourceViewSet
from idempotency.models import ClaimLost, IdempotencyKey
from idempotency.schema import IDEMPOTENCY_KEY, IDEMPOTENT_REPLAYED, KEY_HEADER, KEY_PATTERN, REPLAYED_HEADER
from identity.callers import name_of_caller
from openapi.components import Problem
from openapi.headers import LOCATION

OUTCOMES = Counter("idempotency_outcomes", "Requests with an idempotency key, by outcome", ["outcome"])
for outcome in ("created", "replayed", "reused", "in_use", "failed", "claim_lost"):
    OUTCOMES.labels(outcome)  # each series begins at 0, so that an alert notices its first increase


class KeyInUse(APIException):
    """The first request with the key is in progress."""

    status_code = HTTPStatus.CONFLICT
    default_detail = f"A request with this {KEY_HEADER} is in progress; retry to get its response."
    default_code = "idempotency_key_in_use"
    wait = 1


class KeyReused(APIException):
    """The key belongs to another request."""

    status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    default_detail = f"This {KEY_HEADER} was used for another request; a new request needs a new key."
    default_code = "idempotency_key_reused"


class StoredResponse(Response):
    """A response with stored JSON, which is sent unchanged unless a subclass of the view changes ``data``."""

    def __init__(self, body: bytes, status: int, headers: Mapping[str, str]) -> None:
        super().__init__(_data(body), status, headers=headers)
        self.body = body

    @property
    def rendered_content(self) -> Any:
        """The body, as JSON even if the request accepts another media type."""
        if self.data != _data(self.body):
            return super().rendered_content
        self["Content-Type"] = "application/json"
        return self.body


def _data(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:  # the renderer wraps its JSON
        return None


@extend_schema_view(create=extend_schema(parameters=[IDEMPOTENCY_KEY, IDEMPOTENT_REPLAYED, LOCATION]))
class IdempotentCreateMixin(ResourceViewSet[Any]):
    """Creates an object once per Idempotency-Key, and replays the first response byte for byte for retries.

    Keys are unique per caller, or per user of another authentication class. A key is claimed and committed before the
    request is validated; the status, body and ``Location`` of the response are stored in the transaction that stores
    the object. A failed request stores nothing and releases its key. ``perform_create`` is a hook as usual, and runs
    once. Code of a subclass around ``super().create()`` also runs for retries, and its changes to the response are not
    stored.
    """

    problems: ClassVar[Mapping[str, Sequence[Problem]]] = {"create": [KeyInUse, KeyReused]}
    claim: uuid.UUID | None = None

    @classmethod
    def as_view(cls, actions: Any = None, **kwargs: Any) -> Any:
        """Return the view. With ``create`` it is exempt from ``ATOMIC_REQUESTS``, as the claim is committed first."""
        view = super().as_view(actions, **kwargs)
        return transaction.non_atomic_requests(view) if "create" in (actions or {}).values() else view

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Create the object, or replay the response of its creation."""
        key = read_key(request)
        if key is None:
            return super().create(request, *args, **kwargs)
        key = f"{name_of_caller(request)} {key}".lstrip()  # a key has no spaces
        fingerprint = _fingerprint(request)
        lock = timedelta(seconds=getattr(settings, "IDEMPOTENCY_LOCK_SECONDS", 30.0))
        self.claim = IdempotencyKey.objects.claim(key, fingerprint, lock)
        if self.claim is None:
            return _replay(key, fingerprint)
        try:
            return super().create(request, *args, **kwargs)
        except ClaimLost as error:
            OUTCOMES.labels("claim_lost").inc()
            raise KeyInUse from error
        except Exception:
            OUTCOMES.labels("failed").inc()
            IdempotencyKey.objects.release(self.claim)
            raise

    def create_response(self, serializer: Any) -> HttpResponse:
        """Save the object and, with a key, its response."""
        if self.claim is None:
            with transaction.atomic() if connection.settings_dict["ATOMIC_REQUESTS"] else nullcontext():
                return super().create_response(serializer)
        with transaction.atomic():
            response: Any = super().create_response(serializer)
            status, location = response.status_code, response.get("Location", "")
            body = self.render_json(response)
            IdempotencyKey.objects.complete(self.claim, status=status, body=body, location=location)
        OUTCOMES.labels("created").inc()
        return StoredResponse(body, status, {name: text for name, text in response.items() if name != "Content-Type"})


def read_key(request: Request) -> str | None:
    """Return the request's idempotency key without quotes; None without the header.

    Raises:
        ValidationError: the header is not a valid key.
    """
    text: str | None = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if text is not None and not re.fullmatch(KEY_PATTERN, text):
        detail = ErrorDetail("Must be 1 to 255 visible ASCII characters.", "invalid_idempotency_key")
        raise ValidationError({KEY_HEADER: detail})
    return text[1:-1] if text and text.startswith('"') else text


def _fingerprint(request: Request) -> str:
    # Of the parsed body, as a retry may have the members of its JSON in another order.
    data = request.data
    if hasattr(data, "lists"):  # a form, whose fields may have several values
        data = {name: values[0] if len(values) == 1 else values for name, values in data.lists()}
    try:
        content = json.dumps([request.method, request.path.rstrip("/"), data], sort_keys=True, default=_plain)
    except RecursionError as error:
        raise ParseError("JSON parse error - nested too deeply") from error
    return hashlib.sha256(content.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if not isinstance(value, File):
        return str(value)
    digest = hashlib.sha256()
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)
    return [value.name, digest.hexdigest()]


def _replay(key: str, fingerprint: str) -> HttpResponse:
    stored = IdempotencyKey.objects.filter(key=key).first()
    if stored and stored.fingerprint != fingerprint:
        OUTCOMES.labels("reused").inc()
        raise KeyReused
    if stored is None or stored.status is None:
        OUTCOMES.labels("in_use").inc()
        raise KeyInUse
    OUTCOMES.labels("replayed").inc()
    headers = {"Location": stored.location} if stored.location else {}
    return StoredResponse(bytes(stored.body or b""), stored.status, headers | {REPLAYED_HEADER: "true"})
