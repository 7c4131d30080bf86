"""The client of the user service: the only module that calls it, and the only one that imports requests."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import requests
from django.conf import settings
from rest_framework.exceptions import APIException

from chassis import request_id
from chassis.problems import PROBLEM_JSON

logger = logging.getLogger(__name__)


class _Thread(threading.local):
    """A session for each thread, which keeps its connection: requests does not promise to share one safely."""

    def __init__(self) -> None:
        self.session = requests.Session()
        self.session.trust_env = False  # no proxy and no .netrc between two services
        self.session.headers["Accept"] = "application/json"


_thread = _Thread()


class UserServiceUnavailable(APIException):
    """Whether the user exists cannot be told now; the request can be repeated after ``wait`` seconds."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = "Whether the user exists cannot be checked now; try again."
    default_code = "user_service_unavailable"
    wait = 2


def user_exists(user_id: int) -> bool:
    """Ask the user service whether ``user_id`` is a known user.

    Waits at most ``settings.USER_SERVICE_CONNECT_TIMEOUT`` for a connection and ``USER_SERVICE_READ_TIMEOUT`` for each
    part of the answer, in seconds.

    Raises:
        UserServiceUnavailable: no connection, a timeout, or any answer that is neither this user nor the user
            service's own "not found".
    """
    with _unavailable_on_failure():
        response = _get(f"/users/{user_id}")
        # A 404 counts only in the user service's words: that of a wrong address or a proxy says nothing of the user.
        if (
            response.status_code == HTTPStatus.NOT_FOUND
            and response.headers.get("Content-Type") == PROBLEM_JSON
        ):
            return False
        response.raise_for_status()
        if response.json()["id"] != user_id:
            raise ValueError("the answer is not this user")
        return True


def find_user_ids() -> list[int]:
    """Return the ids of the first users, a hundred at most.

    Raises:
        UserServiceUnavailable: as in ``user_exists``.
    """
    with _unavailable_on_failure():
        response = _get("/users?page_size=100")
        response.raise_for_status()
        return [int(user["id"]) for user in response.json()["results"]]


def _get(path: str) -> requests.Response:
    return _thread.session.get(
        f"{settings.USER_SERVICE_URL}{path}",
        headers={request_id.HEADER: request_id.current_request_id()},
        timeout=(settings.USER_SERVICE_CONNECT_TIMEOUT, settings.USER_SERVICE_READ_TIMEOUT),
        allow_redirects=False,
    )


@contextmanager
def _unavailable_on_failure() -> Iterator[None]:
    """Turn whatever can be wrong with a call or its answer into the one exception that callers know."""
    try:
        yield
    except (requests.RequestException, ValueError, TypeError, LookupError) as error:
        logger.warning("user service failed", extra={"error": repr(error)})
        raise UserServiceUnavailable from error
