import time

import pytest
from scripted import EPOCH
from werkzeug import Response

from events.cursor import Cursor, CursorGone
from events.inbox import client
from events.inbox.client import FeedClient, FeedUnavailable
from identity.internal import HEADER, verify


@pytest.mark.parametrize(
    ("status", "content_type", "body", "headers", "expected"),
    [
        (200, "text/html", "<html>", {}, FeedUnavailable),
        (200, "application/json", "{}", {"Event-Cursor": f"{EPOCH}:1", "Event-Head": "1"}, FeedUnavailable),
        (200, "application/json", "[]", {}, FeedUnavailable),
        (200, "application/json", "[]", {"Event-Cursor": "1", "Event-Head": "1"}, FeedUnavailable),
        (302, "application/json", "[]", {"Location": "/elsewhere"}, FeedUnavailable),
        (410, "text/html", "gone", {}, FeedUnavailable),
        (410, "application/problem+json", '{"type": "urn:problem:event_cursor_gone"}', {}, CursorGone),
        (500, "application/json", "[]", {}, FeedUnavailable),
    ],
    ids=["page", "object", "no cursor", "bad cursor", "redirection", "another 410", "gone", "error"],
)
def test_response_that_is_not_a_page_is_an_outage(httpserver, status, content_type, body, headers, expected):
    httpserver.expect_request("/events").respond_with_data(body, status, headers, content_type=content_type)

    with pytest.raises(expected):
        FeedClient(httpserver.url_for("/events"), "user").read(None, 500)


def test_with_auth_the_consumer_names_its_service(httpserver, settings):
    settings.AUTH, settings.SERVICE_TOKENS = True, ["token"]
    httpserver.expect_request("/events").respond_with_data("[]", 500)
    with pytest.raises(FeedUnavailable):
        FeedClient(httpserver.url_for("/events"), "user").read(None, 500)

    token = httpserver.log[0][0].headers[HEADER]
    caller = verify(token, audience="user", service_tokens=["token"])
    assert (caller.subject, caller.scopes) == (f"service:{settings.SERVICE_NAME}", {"events:read"})


def test_refused_connection_is_an_outage():
    with pytest.raises(FeedUnavailable):
        FeedClient("http://127.0.0.1:1/events", "user").read(Cursor(EPOCH, 1), 500)


def test_slow_page_ends_at_the_deadline(httpserver, monkeypatch):
    def drip():
        for _ in range(50):
            time.sleep(0.1)
            yield b" "

    monkeypatch.setattr(client, "TOTAL_TIMEOUT", 0.5)
    httpserver.expect_request("/events").respond_with_handler(
        lambda request: Response(drip(), mimetype="application/json")
    )
    started = time.monotonic()

    with pytest.raises(FeedUnavailable):
        FeedClient(httpserver.url_for("/events"), "user").read(None, 500)

    assert 0.5 <= time.monotonic() - started < 3  # the whole page takes five seconds
