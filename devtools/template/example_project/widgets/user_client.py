"""The client of the user service: the only module that calls it. Its contract is contracts/user_service.json."""

import threading
from http import HTTPStatus
from typing import Any, cast

import requests
from django.conf import settings

from calls.headers import outgoing_headers
from problems.types import PROBLEM_JSON


class UserServiceUnavailable(Exception):  # noqa: N818 - the state of the service
    """The user service cannot answer now; the call can be repeated."""


class _Thread(threading.local):
    """A session for each thread, which keeps its connection: requests does not promise to share one safely."""

    def __init__(self) -> None:
        self.session = requests.Session()
        self.session.trust_env = False  # no proxy and no .netrc between two services


_thread = _Thread()


def find_user(number: int) -> dict[str, Any] | None:
    """Return what the user service has under ``/users/{number}``; None if it says that there is nothing.

    Waits at most ``settings.USER_SERVICE_TIMEOUT``: connect and read limits, in seconds.

    Raises:
        UserServiceUnavailable: no connection, a timeout, or a response that is neither of the two.
    """
    headers = {"Accept": "application/json"} | outgoing_headers("user", reads="users")
    url, limits = f"{settings.USER_SERVICE_URL}/users/{number}", settings.USER_SERVICE_TIMEOUT
    try:
        response = _thread.session.get(url, headers=headers, timeout=limits, allow_redirects=False)
        # A 404 counts only in the service's own words: that of a wrong address or a proxy says nothing.
        if response.status_code == HTTPStatus.NOT_FOUND and response.headers.get("Content-Type") == PROBLEM_JSON:
            return None
        return _read(response, number)
    except (requests.RequestException, ValueError, TypeError, LookupError) as error:
        raise UserServiceUnavailable from error


def _read(response: requests.Response, number: int) -> dict[str, Any]:
    response.raise_for_status()
    if response.status_code != HTTPStatus.OK or response.json()["id"] != number:
        raise ValueError(f"the response, {response.status_code}, is not this user")
    return cast("dict[str, Any]", response.json())
