"""The client of feeds: the only module here that speaks HTTP."""

import json
from typing import Any, NamedTuple

import requests

from calls.headers import outgoing_headers
from events.cursor import Cursor

TIMEOUTS = (1.0, 5.0)  # seconds: to connect, and between bytes
_HTTP_GONE = 410


class FeedUnavailable(Exception):  # noqa: N818 - the state of the feed
    """The feed does not respond, or its response is no page of a feed."""


class CursorGone(Exception):  # noqa: N818 - what happened to it
    """The producer refuses the cursor (410); the reader must replay from the start."""


class Page(NamedTuple):
    """A page of a feed, the cursor behind it, and the position of the feed's head."""

    events: list[Any]
    cursor: Cursor
    head: int


class FeedClient:
    """Reads the feed of a service, over one connection that is kept."""

    def __init__(self, url: str, service: str) -> None:
        self.url, self.service = url, service
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy and no .netrc between two services

    def read(self, after: Cursor | None, limit: int) -> Page:
        """Return up to ``limit`` events behind the cursor ``after``, by default from the start.

        Raises:
            FeedUnavailable: no connection, a timeout, or a response that is no page of a feed.
            CursorGone: the reader must start anew.
        """
        query = {"limit": str(limit)} | ({"after": str(after)} if after else {})
        headers = {"Accept": "application/cloudevents-batch+json"}
        headers |= outgoing_headers(self.service, reads="events")
        try:
            response = self._session.get(
                self.url, params=query, headers=headers, timeout=TIMEOUTS, allow_redirects=False
            )
            if response.status_code == _HTTP_GONE and "event_cursor_gone" in response.text:
                raise CursorGone
            response.raise_for_status()
            events = response.json()
            if response.status_code != requests.codes.ok or not isinstance(events, list):
                raise FeedUnavailable(f"{response.status_code} is no page of a feed")
            return Page(events, Cursor.parse(response.headers["Event-Cursor"]), int(response.headers["Event-Head"]))
        except (requests.RequestException, json.JSONDecodeError, KeyError, ValueError) as error:
            raise FeedUnavailable(repr(error)) from error
