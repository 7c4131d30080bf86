import json
import threading
from contextlib import contextmanager

import pytest
from django.db import connections, transaction
from django.test import Client
from redis_server import RedisServer

from events.cursor import Cursor, CursorGone, Page
from events.inbox.consumer import Consumer
from events.inbox.models import FeedCursor
from events.outbox.feed import read_state
from newsroom.articles.copies import articles


@pytest.fixture
def read_feed(client):
    """Return a function that requests the feed."""

    def read(**query):
        return client.get("/events", query)

    return read


class InProcessConsumer(Consumer):
    """Reads the feed of this process, without HTTP."""

    def fetch(self, after):
        query = {"limit": "500"} | ({"after": str(after)} if after else {})
        response = Client().get("/events", query)
        if response.status_code == 410:
            raise CursorGone
        cursor = Cursor.parse(response["Event-Cursor"])
        return Page(json.loads(response.content), cursor, int(response["Event-Head"]))


@pytest.fixture
def empty_feed(transactional_db):
    """Create the row of the feed, which the flush after an earlier test deleted."""
    read_state()


@pytest.fixture
def consumer():
    return InProcessConsumer(articles)


@pytest.fixture
def catch_up(consumer):
    def run():
        while consumer.consume():
            pass

    return run


@pytest.fixture
def redis(tmp_path, settings):
    """A Redis server that the settings name as the broker."""
    server = RedisServer(tmp_path)
    settings.EVENTS_BROKER_URL = server.url
    server.start()
    yield server
    server.close()


@pytest.fixture
def cursor_locked():
    """Lock the row of the cursor in another connection, like a consumer that applies a page."""

    @contextmanager
    def locked():
        held, done = threading.Event(), threading.Event()

        def hold():
            with transaction.atomic():
                FeedCursor.objects.select_for_update().get()
                held.set()
                done.wait(10)
            connections.close_all()

        thread = threading.Thread(target=hold)
        thread.start()
        assert held.wait(10)
        try:
            yield
        finally:
            done.set()
            thread.join(10)

    return locked
