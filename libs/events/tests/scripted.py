"""A consumer of given pages, and functions that return its results."""

from uuid import uuid4

from events.cursor import Cursor, Page
from events.inbox.consumer import Consumer
from events.inbox.models import FeedCursor
from newsroom.articles.copies import CHANGED, articles
from newsroom.articles.models import Copy

EPOCH = uuid4()


def event(article_id=1, version=1, **overrides):
    data = {"id": article_id, "title": f"Version {version}", "version": version}
    return {"id": str(uuid4()), "type": CHANGED, "subject": f"articles/{article_id}", "data": data} | overrides


def poison(article_id=1, version=1):
    return event(article_id, data={"id": article_id, "title": "poison", "version": version})


class ScriptedConsumer(Consumer):
    """Consumes the given pages; raises those that are exceptions."""

    def __init__(self, *pages):
        super().__init__(articles)
        self.pages = [*pages]
        self.position = 0

    def fetch(self, after):
        events = self.pages.pop(0) if self.pages else []
        if isinstance(events, Exception):
            raise events
        self.position = (after.position if after and after.epoch == EPOCH else 0) + len(events)
        head = self.position + sum(len(page) for page in self.pages if isinstance(page, list))
        return Page(events, Cursor(EPOCH, self.position), head)


def consume(*pages):
    consumer = ScriptedConsumer(*pages)
    while consumer.pages:
        consumer.consume()
    return consumer


def copies():
    return {copy.pk: (copy.title, copy.is_deleted) for copy in Copy.objects.all()}


def cursor():
    return FeedCursor.objects.get()
