"""Reads users from the user service. The contract is ``contracts/user_service.json``."""

import logging
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from math import ceil
from typing import NamedTuple, TypeVar

import requests
from django.conf import settings
from django.utils import timezone
from prometheus_client import Counter, Gauge

from calls.bulkhead import Bulkhead, BulkheadFull
from calls.circuit_breaker import CircuitBreaker, CircuitOpen, State
from problems.types import PROBLEM_JSON
from user_client import transport
from user_client.cache import UserCache

logger = logging.getLogger(__name__)

CALLS = Counter("user_client_calls", "Calls to the user service", ["outcome"])
CACHE_HITS = Counter("user_client_remembered", "Lookups of users that the cache served", ["kind"])
CIRCUIT_OPEN = Gauge("user_client_circuit_open", "Processes whose circuit is not closed", multiprocess_mode="livesum")

ResultT = TypeVar("ResultT")

TRIAL_SECONDS = 0.3  # limit of a trial call while known users can order without the user service

# Raised by a failed call, or by a response that breaks the contract.
_FAILURES = (requests.RequestException, ValueError, TypeError, LookupError, AttributeError, RecursionError)
_NO_SUCH_USER = ("urn:problem:not_found", "about:blank", None)  # types of a problem; None: it has none (RFC 9457)

breaker = CircuitBreaker(
    settings.USER_SERVICE_BREAKER_FAILURES,
    settings.USER_SERVICE_BREAKER_SECONDS,
    counted=_FAILURES,
    on_change=lambda state: CIRCUIT_OPEN.set(state is not State.CLOSED),
)
cache = UserCache()
_bulkhead = Bulkhead(settings.USER_SERVICE_CONCURRENCY)


class UserServiceUnavailable(Exception):  # noqa: N818 - named after the condition
    """The user service is unavailable; the call can be retried after ``retry_after`` seconds."""

    def __init__(self, retry_after: float = 1) -> None:
        super().__init__("the user service is unavailable")
        self.retry_after = max(1, ceil(retry_after))


class VerifiedUser(NamedTuple):
    """A user that existed at ``verified_at``: the time of the call, or of an earlier one if ``is_cached``."""

    is_active: bool
    verified_at: datetime
    is_cached: bool = False


def find_user(user_id: int) -> VerifiedUser | None:
    """Return the user with this id; None if the user service has no such user.

    Active users are cached. A cached user is returned without a call for ``settings.USER_CACHE_SECONDS``, and instead
    of a failed call for ``USER_STALE_SECONDS``. Both are 0, off, by default.

    Raises:
        UserServiceUnavailable: no complete response within ``settings.USER_SERVICE_TOTAL_TIMEOUT`` seconds, or a
            response other than this user or the user service's own 404; an open circuit, or a full bulkhead. With
            ``ORDERS_DURING_OUTAGE``, trial calls of a half-open circuit have ``TRIAL_SECONDS``.
    """
    fresh_seconds = settings.USER_CACHE_SECONDS
    if fresh_seconds and (seen_at := cache.seen_at(user_id, within_seconds=fresh_seconds)):
        CACHE_HITS.labels("fresh").inc()
        return VerifiedUser(is_active=True, verified_at=seen_at, is_cached=True)
    seconds = settings.USER_SERVICE_TOTAL_TIMEOUT
    if settings.ORDERS_DURING_OUTAGE and breaker.state is not State.CLOSED:
        seconds = min(seconds, TRIAL_SECONDS)
    try:
        is_active = _get(f"/users/{user_id}", lambda response: _parse_user(response, user_id), seconds)
    except UserServiceUnavailable:
        if seen_at := cache.seen_at(user_id, within_seconds=settings.USER_STALE_SECONDS):
            CACHE_HITS.labels("stale").inc()
            return VerifiedUser(is_active=True, verified_at=seen_at, is_cached=True)
        raise
    if is_active:
        return VerifiedUser(is_active=True, verified_at=cache.put(user_id))
    cache.evict(user_id)
    return None if is_active is None else VerifiedUser(is_active=False, verified_at=timezone.now())


def find_user_ids() -> list[int]:
    """Return the ids of the first users, at most 100.

    Raises:
        UserServiceUnavailable: as in ``find_user``.
    """
    return _get("/users?page_size=100", _parse_ids, settings.USER_SERVICE_TOTAL_TIMEOUT)


def _get(path: str, parse: Callable[[requests.Response], ResultT], seconds: float) -> ResultT:
    """Return the parsed response to ``GET path``; every failure becomes ``UserServiceUnavailable``."""
    try:
        with breaker.guard(), _bulkhead.acquire():
            result = parse(transport.get(path, seconds))
    except CircuitOpen as error:
        CALLS.labels("circuit_open").inc()
        raise UserServiceUnavailable(error.retry_after) from error
    except BulkheadFull as error:
        CALLS.labels("no_place").inc()
        raise UserServiceUnavailable from error
    except _FAILURES as error:
        CALLS.labels("failed").inc()
        logger.warning("user service failed", extra={"error": repr(error)})
        raise UserServiceUnavailable from error
    CALLS.labels("answered").inc()
    return result


def _parse_user(response: requests.Response, user_id: int) -> bool | None:
    is_problem = response.headers.get("Content-Type") == PROBLEM_JSON
    # Only a problem of these types is the user service's own 404; a wrong URL or a proxy sends another, or none.
    if response.status_code == HTTPStatus.NOT_FOUND and is_problem and response.json().get("type") in _NO_SUCH_USER:
        return None
    response.raise_for_status()
    user = response.json()
    is_active = user.get("is_active", True)  # absent in older versions of the user service
    is_user = response.status_code == HTTPStatus.OK and type(user["id"]) is int and user["id"] == user_id
    if not is_user or not isinstance(is_active, bool):
        raise ValueError("the response is not this user")
    return is_active


def _parse_ids(response: requests.Response) -> list[int]:
    response.raise_for_status()
    return [int(user["id"]) for user in response.json()["results"]]
