"""A client for single requests: readiness, response checks, and the pages of a list."""

import http.client
import json
from collections.abc import Iterator
from typing import Any, Self
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 30.0
NO_RESPONSE = 0


class Client:
    """A keep-alive connection to the server of ``url``."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._connection.close()

    def request(self, method: str, target: str, body: object = None) -> tuple[int, Any]:
        """Return the status and the parsed JSON of the response."""
        content = None if body is None else json.dumps(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        self._connection.request(method, target, content, headers)
        response = self._connection.getresponse()
        return response.status, json.loads(response.read() or b"null")

    def pages(self, target: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the target and the content of every page of a list. Follows the ``next`` links."""
        following: str | None = target
        while following:
            status, page = self.request("GET", following)
            if status != http.HTTPStatus.OK:
                raise ValueError(f"GET {following} returned {status}: {page}")
            yield following, page
            parts = urlsplit(page["next"] or "")
            following = f"{parts.path}?{parts.query}" if page["next"] else None


def status_of(url: str) -> int:
    """Return the status of a GET of ``url``, or ``NO_RESPONSE``."""
    parts = urlsplit(url)
    try:
        with Client(url) as client:
            return client.request("GET", parts.path)[0]
    except (OSError, ValueError, http.client.HTTPException):
        return NO_RESPONSE
