"""The client of the user service: the only module that calls it.

Its contract is contracts/user_service.json.
"""

import threading
from http import HTTPStatus
from typing import Any, cast

import requests
from django.conf import settings

from calls.headers import outgoing_headers
from problems.types import PROBLEM_JSON

NOT_FOUND = "urn:problem:not_found"


class UserServiceUnavailable(Exception):  # noqa: N818 - named after the condition
    """The user service is unavailable; the call can be retried."""


class _Thread(threading.local):
    """One session, and so one connection, per thread: requests does not document sessions as thread-safe."""

    def __init__(self) -> None:
        self.session = requests.Session()
        self.session.trust_env = False  # ignore proxies and .netrc between services


_thread = _Thread()


def find_user(number: int) -> dict[str, Any] | None:
    """Return the user with this id; None if the service has no such user.

    Waits at most ``settings.USER_SERVICE_TIMEOUT``: connect and read limits, in seconds.

    Raises:
        UserServiceUnavailable: no connection, a timeout, or a response
            that is neither this user nor the service's 404.
    """
    headers = {"Accept": "application/json"} | outgoing_headers("user", reads="users")
    url, limits = f"{settings.USER_SERVICE_URL}/users/{number}", settings.USER_SERVICE_TIMEOUT
    try:
        response = _thread.session.get(url, headers=headers, timeout=limits, allow_redirects=False)
        is_problem = response.headers.get("Content-Type") == PROBLEM_JSON
        # Only this problem is the service's own 404; a proxy or a wrong URL sends another one, or no problem.
        if response.status_code == HTTPStatus.NOT_FOUND and is_problem and response.json()["type"] == NOT_FOUND:
            return None
        return _read(response, number)
    except (requests.RequestException, ValueError, TypeError, LookupError, RecursionError) as error:
        raise UserServiceUnavailable from error


def _read(response: requests.Response, number: int) -> dict[str, Any]:
    response.raise_for_status()
    if response.status_code != HTTPStatus.OK or response.json()["id"] != number:
        raise ValueError(f"the response, {response.status_code}, is not this user")
    return cast("dict[str, Any]", response.json())
