"""What the order service asks of the user service. The contract is ``contracts/user_service.json``."""

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
from chassis.circuit_breaker import CircuitBreaker, CircuitOpen, State
from problems.types import PROBLEM_JSON
from user_client import transport
from user_client.memory import UserMemory

logger = logging.getLogger(__name__)

CALLS = Counter("user_client_calls", "Questions asked of the user service, by what came of them", ["outcome"])
REMEMBERED = Counter("user_client_remembered", "Questions answered from memory", ["kind"])
CIRCUIT_OPEN = Gauge("user_client_circuit_open", "Processes whose circuit is not closed", multiprocess_mode="livesum")

ResultT = TypeVar("ResultT")

# What a call, or an answer that is not what it should be, can raise.
_FAILURES = (requests.RequestException, ValueError, TypeError, LookupError, AttributeError)

breaker = CircuitBreaker(
    settings.USER_SERVICE_BREAKER_FAILURES,
    settings.USER_SERVICE_BREAKER_SECONDS,
    counted=_FAILURES,
    on_change=lambda state: CIRCUIT_OPEN.set(state is not State.CLOSED),
)
memory = UserMemory()
_bulkhead = Bulkhead(settings.USER_SERVICE_CONCURRENCY)


class UserServiceUnavailable(Exception):  # noqa: N818 - the state of the service
    """The user service cannot answer now; the call can be repeated after ``retry_after`` seconds."""

    def __init__(self, retry_after: float = 1) -> None:
        super().__init__("the user service is unavailable")
        self.retry_after = max(1, ceil(retry_after))


class VerifiedUser(NamedTuple):
    """A user that exists, as the user service said at ``verified_at``: now, unless ``is_remembered``."""

    is_active: bool
    verified_at: datetime
    is_remembered: bool = False


def find_user(user_id: int) -> VerifiedUser | None:
    """Return what the user service says of ``user_id``; None when it says that there is no such user.

    It is asked now, unless a memory serves: for ``settings.USER_CACHE_SECONDS`` after a "yes" no question is asked, and
    for ``USER_STALE_SECONDS`` the "yes" counts while the user service fails. Both are 0, off, by default. Only active
    users are remembered.

    Raises:
        UserServiceUnavailable: there is no complete answer within ``settings.USER_SERVICE_TOTAL_TIMEOUT`` seconds, or
            one that is neither this user nor the user service's own "not found"; at once while the circuit is open.
    """
    remembers = settings.USER_CACHE_SECONDS
    if remembers and (seen_at := memory.seen_at(user_id, within_seconds=remembers)):
        REMEMBERED.labels("fresh").inc()
        return VerifiedUser(is_active=True, verified_at=seen_at, is_remembered=True)
    try:
        is_active = _ask(f"/users/{user_id}", lambda response: _read_user(response, user_id))
    except UserServiceUnavailable:
        if seen_at := memory.seen_at(user_id, within_seconds=settings.USER_STALE_SECONDS):
            REMEMBERED.labels("stale").inc()
            return VerifiedUser(is_active=True, verified_at=seen_at, is_remembered=True)
        raise
    if is_active:
        return VerifiedUser(is_active=True, verified_at=memory.note(user_id))
    memory.forget(user_id)
    return None if is_active is None else VerifiedUser(is_active=False, verified_at=timezone.now())


def find_user_ids() -> list[int]:
    """Return the ids of the first users, a hundred at most.

    Raises:
        UserServiceUnavailable: as in ``find_user``.
    """
    return _ask("/users?page_size=100", _read_ids)


def _ask(path: str, read: Callable[[requests.Response], ResultT]) -> ResultT:
    """Return what ``read`` makes of the answer; what can go wrong becomes the one exception that callers know."""
    try:
        with breaker.guard(), _bulkhead.acquire():
            answer = read(transport.get(path))
    except CircuitOpen as refusal:
        CALLS.labels("circuit_open").inc()
        raise UserServiceUnavailable(refusal.retry_after) from refusal
    except BulkheadFull as error:
        CALLS.labels("no_place").inc()
        raise UserServiceUnavailable from error
    except _FAILURES as error:
        CALLS.labels("failed").inc()
        logger.warning("user service failed", extra={"error": repr(error)})
        raise UserServiceUnavailable from error
    CALLS.labels("answered").inc()
    return answer


def _read_user(response: requests.Response, user_id: int) -> bool | None:
    # A 404 counts only in the user service's words: that of a wrong address or a proxy says nothing of the user.
    if response.status_code == HTTPStatus.NOT_FOUND and response.headers.get("Content-Type") == PROBLEM_JSON:
        return None
    response.raise_for_status()
    user = response.json()
    is_active = user.get("is_active", True)  # an older version of the user service knows of no others
    if user["id"] != user_id or not isinstance(is_active, bool):
        raise ValueError("the answer is not this user")
    return is_active


def _read_ids(response: requests.Response) -> list[int]:
    response.raise_for_status()
    return [int(user["id"]) for user in response.json()["results"]]
