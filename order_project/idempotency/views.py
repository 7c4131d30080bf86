"""Creations that can be repeated."""

import hashlib
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from prometheus_client import Counter
from rest_framework.exceptions import APIException, ParseError
from rest_framework.mixins import CreateModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from chassis.rest.renderers import JSONRenderer
from idempotency.header import IDEMPOTENCY_KEY, IDEMPOTENT_REPLAYED, read_key
from idempotency.models import ClaimLost, IdempotencyKey

OUTCOMES = Counter(
    "idempotency_outcomes", "Requests with an idempotency key, by what came of them", ["outcome"]
)


class KeyInUse(APIException):
    """The first request with the key is still being carried out."""

    status_code = HTTPStatus.CONFLICT
    default_detail = (
        f"A request with this {IDEMPOTENCY_KEY} is still being carried out; repeat it to get its answer."
    )
    default_code = "idempotency_key_in_use"
    wait = 1


class KeyReused(APIException):
    """The key stands for another request."""

    status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    default_detail = f"This {IDEMPOTENCY_KEY} was used for another request; a new request needs a new key."
    default_code = "idempotency_key_reused"


class IdempotentCreateMixin(CreateModelMixin, GenericViewSet[Any]):
    """Carries a creation with an Idempotency-Key out once, and answers its repetitions with the first answer's bytes.

    The key is claimed and committed before the request is looked at; the answer is stored in the transaction that
    stores the object. A request that fails stores nothing and frees its key.
    """

    def create(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse | Response:  # type: ignore[override]
        """Create the object, or repeat the answer of when it was created."""
        key = read_key(request)
        if key is None:
            return super().create(request, *args, **kwargs)
        fingerprint = _fingerprint(request)
        lock = timedelta(seconds=settings.IDEMPOTENCY_LOCK_SECONDS)
        proof = IdempotencyKey.objects.claim(key, fingerprint, lock)
        if proof is None:
            return _replay(key, fingerprint)
        with _released_on_failure(proof):
            serializer = self.get_serializer(data=request.data)
            serializer.is_valid(raise_exception=True)
            with transaction.atomic():
                self.perform_create(serializer)
                body = JSONRenderer().render(serializer.data)
                location = self.get_success_headers(serializer.data)["Location"]
                IdempotencyKey.objects.complete(
                    proof, status=HTTPStatus.CREATED, body=body, location=location
                )
        OUTCOMES.labels("created").inc()
        return _answer(HTTPStatus.CREATED, body, location)


def _fingerprint(request: Request) -> str:
    # Of what was said, not of how it was written: a client may order the members of its JSON anew when it repeats.
    data = request.data.dict() if hasattr(request.data, "dict") else request.data
    try:
        said = json.dumps([request.method, request.path, data], sort_keys=True, default=str)
    except RecursionError as error:
        raise ParseError("JSON parse error - nested too deeply") from error
    return hashlib.sha256(said.encode()).hexdigest()


def _replay(key: str, fingerprint: str) -> HttpResponse:
    stored = IdempotencyKey.objects.filter(key=key).first()
    if stored is not None and stored.fingerprint != fingerprint:
        OUTCOMES.labels("reused").inc()
        raise KeyReused
    if stored is None or stored.status is None:
        OUTCOMES.labels("in_use").inc()
        raise KeyInUse
    OUTCOMES.labels("replayed").inc()
    response = _answer(stored.status, bytes(stored.body or b""), stored.location)
    response[IDEMPOTENT_REPLAYED] = "true"
    return response


def _answer(status: int, body: bytes, location: str) -> HttpResponse:
    return HttpResponse(body, status=status, content_type="application/json", headers={"Location": location})


@contextmanager
def _released_on_failure(proof: uuid.UUID) -> Iterator[None]:
    try:
        yield
    except ClaimLost as error:
        OUTCOMES.labels("claim_lost").inc()
        raise KeyInUse from error
    except Exception:
        OUTCOMES.labels("failed").inc()
        IdempotencyKey.objects.release(proof)
        raise
