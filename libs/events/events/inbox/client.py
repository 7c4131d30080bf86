"""The HTTP client of feeds."""

import json
import time

import requests

from calls.deadline import DeadlineAdapter, deadline
from calls.headers import outgoing_headers
from events.cursor import Cursor, CursorGone, Page

TIMEOUTS = (1.0, 5.0)  # seconds: to connect, and between bytes
TOTAL_TIMEOUT = 10.0  # seconds for a whole page, as a worker runs no other job meanwhile
_HTTP_GONE = 410


class FeedUnavailable(Exception):  # noqa: N818 - named after the condition
    """The feed does not respond, or its response is not a page of a feed."""


class FeedClient:
    """Reads the feed of a service over one keep-alive connection."""

    def __init__(self, url: str, service: str) -> None:
        self.url, self.service = url, service
        self._session = requests.Session()
        self._session.trust_env = False  # ignore proxies and .netrc between services
        # Only for http://; https:// has the stock adapter, with timeouts but no deadline.
        self._session.mount("http://", DeadlineAdapter())

    def read(self, after: Cursor | None, limit: int) -> Page:
        """Return up to ``limit`` events after the cursor ``after``, by default from the start.

        Raises:
            FeedUnavailable: no connection, no complete response in time, or a response that is not a page of a feed.
            CursorGone: the reader must replay from the start.
        """
        query = {"limit": str(limit)} | ({"after": str(after)} if after else {})
        headers = {"Accept": "application/cloudevents-batch+json"}
        headers |= outgoing_headers(self.service, reads="events")
        deadline.at = time.monotonic() + TOTAL_TIMEOUT
        try:
            response = self._session.get(
                self.url, params=query, headers=headers, timeout=TIMEOUTS, allow_redirects=False
            )
            if response.status_code == _HTTP_GONE and "event_cursor_gone" in response.text:
                raise CursorGone
            response.raise_for_status()
            events = response.json()
            if response.status_code != requests.codes.ok or not isinstance(events, list):
                raise FeedUnavailable(f"{response.status_code} is not a page of a feed")
            return Page(events, Cursor.parse(response.headers["Event-Cursor"]), int(response.headers["Event-Head"]))
        except (requests.RequestException, json.JSONDecodeError, KeyError, ValueError) as error:
            raise FeedUnavailable(repr(error)) from error
