import json
import logging
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone

from events.cursor import Cursor
from events.inbox import consumer as consuming
from events.inbox.client import CursorGone, FeedClient, FeedUnavailable, Page
from events.inbox.consumer import Consumer
from events.inbox.models import DeadLetter, FeedCursor
from events.outbox.feed import begin_epoch
from events.outbox.models import Event
from newsroom.articles.copies import CHANGED, articles
from newsroom.articles.models import Article, Copy

pytestmark = pytest.mark.django_db
EPOCH = uuid4()


def event(article_id=1, version=1, **overrides):
    data = {"id": article_id, "title": f"Version {version}", "version": version}
    return {"id": str(uuid4()), "type": CHANGED, "subject": f"articles/{article_id}", "data": data} | overrides


def poison(article_id=1, version=1):
    return event(article_id, data={"id": article_id, "title": "poison", "version": version})


class ScriptedConsumer(Consumer):
    """Gets the pages that a test gives it, or raises them."""

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


def test_changes_reach_the_consumer(catch_up):
    kept, gone = Article.objects.create(title="Emma"), Article.objects.create(title="Persuasion")
    catch_up()
    Article.objects.filter(pk=kept.pk).update(title="Emma, 2nd edition")
    gone_pk = gone.pk
    gone.delete()

    catch_up()

    assert copies() == {kept.pk: ("Emma, 2nd edition", False), gone_pk: ("", True)}
    assert cursor().position == cursor().head == 4
    assert not cursor().is_replaying


def test_events_that_come_twice_and_shuffled_have_the_effect_of_the_newest():
    events = [event(version=version) for version in (1, 2, 3)]

    consume([events[2], events[0]], [events[1], events[2]], [*events])

    assert copies() == {1: ("Version 3", False)}
    assert not DeadLetter.objects.exists()


def test_a_poisonous_event_becomes_a_dead_letter_and_holds_nothing_up(caplog):
    bad = poison(2)

    consume([event(1), bad, event(3)])

    assert sorted(copies()) == [1, 3]
    letter = DeadLetter.objects.get()
    assert (letter.state, letter.event_id, json.loads(letter.event)) == ("waiting", bad["id"], bad)
    assert letter.error == "ValueError('poisonous')"
    (record,) = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert record.exc_info


def test_a_poisonous_event_that_comes_twice_is_one_dead_letter():
    bad = poison()

    consume([bad], [bad])

    assert DeadLetter.objects.count() == 1


MALFORMED = {
    "no object": "text",
    "no type": {"id": "1"},
    "no data": {"id": "1", "type": CHANGED},
    "number too large": event(version=2**70),
    "NUL": event(data={"id": 1, "title": "a\0b", "version": 1}),
    "lone surrogate": event(subject="\ud800", data={"id": 1, "title": "\ud800", "version": 1}),
    "type with NUL": event(type=f"{CHANGED}\0"),
}


@pytest.mark.parametrize("bad", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_event_holds_nothing_up(bad):
    consume([event(7), bad, event(8)])

    assert {7, 8} <= copies().keys()
    assert cursor().position == 3
    assert DeadLetter.objects.count() + cursor().skipped == 1


def test_an_unknown_type_is_counted_and_passed_by():
    consume([event(1), event(2, type="com.example.article.praised.v1"), event(3)])

    assert sorted(copies()) == [1, 3]
    assert cursor().skipped == 1
    assert not DeadLetter.objects.exists()


def retry_now(consumer):
    DeadLetter.objects.filter(state="waiting").update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    return consumer.retry_dead_letters()


def test_a_dead_letter_whose_cause_is_mended_is_resolved(monkeypatch):
    consumer = consume([poison()])
    mended = articles.__class__(
        **{
            **vars(articles),
            "apply": lambda events, reading: Copy.objects.create(
                article_id=1, title="Mended", version=1, epoch=reading.epoch, generation=reading.generation
            ),
        }
    )
    monkeypatch.setattr(consumer, "subscription", mended)

    assert retry_now(consumer) is True
    assert DeadLetter.objects.get().state == "resolved"
    assert copies() == {1: ("Mended", False)}
    assert consumer.retry_dead_letters() is False


def test_a_dead_letter_is_not_retried_before_its_time():
    consumer = consume([poison()])

    assert consumer.retry_dead_letters() is False
    assert DeadLetter.objects.get().attempts == 1


def test_a_dead_letter_waits_longer_each_time_and_is_given_up_in_the_end():
    consumer = consume([poison()])
    waits = []

    while DeadLetter.objects.get().state == "waiting":
        before = timezone.now()
        retry_now(consumer)
        letter = DeadLetter.objects.get()
        if letter.next_attempt_at:
            waits.append(round((letter.next_attempt_at - before).total_seconds()))

    assert waits == [10, 20, 40, 80, 160, 320]
    assert (letter.state, letter.attempts) == ("dead", 8)


def test_a_person_retries_or_discards_dead_letters(admin_client):
    consume([poison(1), poison(2)])
    DeadLetter.objects.update(state="dead", next_attempt_at=None)
    first, second = DeadLetter.objects.order_by("id")
    url = "/admin/newsroom/inbox/deadletter/"

    admin_client.post(url, {"action": "retry", "_selected_action": [first.pk]})
    admin_client.post(url, {"action": "discard", "_selected_action": [second.pk]})

    assert [*DeadLetter.objects.order_by("id").values_list("state", flat=True)] == ["waiting", "discarded"]
    assert DeadLetter.objects.due().count() == 1


def test_an_outage_of_the_database_applies_nothing_and_makes_no_dead_letter(monkeypatch):
    consumer = ScriptedConsumer([event(1), event(2)])

    def fail(events, reading):
        Copy.objects.create(article_id=9, title="", version=1, epoch=EPOCH, generation=0)
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(consumer, "subscription", articles.__class__(**{**vars(articles), "apply": fail}))

    with pytest.raises(OperationalError):
        consumer.consume()

    assert copies() == {}
    assert not DeadLetter.objects.exists()
    assert cursor().position == 0


def test_a_feed_that_is_away_is_told_once_and_tried_again(caplog):
    consumer = ScriptedConsumer(FeedUnavailable("away"), FeedUnavailable("away"), [event(1)])

    assert [consumer.consume() for _ in range(2)] == [False, False]
    assert [record.getMessage() for record in caplog.records if record.name == "events.inbox.consumer"] == [
        "feed unavailable"
    ]
    consumer.consume()
    assert copies() == {1: ("Version 1", False)}


def test_a_cursor_that_is_gone_means_a_replay_that_sweeps_what_it_does_not_find():
    consumer = consume([event(1), event(2)])

    consumer.pages = [CursorGone(), [event(2)]]
    while consumer.pages:
        consumer.consume()

    assert copies() == {1: ("Version 1", True), 2: ("Version 1", False)}
    assert (cursor().generation, cursor().is_replaying) == (1, False)


def test_a_replay_delivers_failed_events_anew_and_sweeps_nothing_that_they_are_about():
    consumer = consume([event(1), event(2), event(3)], [poison(2, version=2)])
    DeadLetter.objects.update(state="dead")

    consumer.pages = [CursorGone(), [event(1), poison(2, version=2)]]
    while consumer.pages:
        consumer.consume()

    assert {pk: is_deleted for pk, (_, is_deleted) in copies().items()} == {1: False, 2: False, 3: True}
    assert DeadLetter.objects.get().state == "waiting"


def test_an_event_that_fails_again_after_it_was_resolved_is_tried_again():
    bad = poison()
    consume([bad])
    DeadLetter.objects.update(state="resolved", next_attempt_at=None)

    consume([bad])

    assert DeadLetter.objects.get().state == "waiting"
    assert DeadLetter.objects.get().next_attempt_at


def test_a_restored_older_database_wins_over_newer_versions(catch_up):
    back, gone = Article.objects.create(title="Emma"), Article.objects.create(title="Persuasion")
    Article.objects.filter(pk=back.pk).update(title="Emma, 2nd edition")
    catch_up()
    Event.objects.exclude(subject=f"articles/{back.pk}", version=1).delete()  # as they were before
    Article.objects.filter(pk=gone.pk).delete()
    Event.objects.filter(subject=f"articles/{gone.pk}").delete()
    begin_epoch()

    catch_up()

    assert copies() == {back.pk: ("Emma", False), gone.pk: ("Persuasion", True)}


def test_an_idle_consumer_follows_the_producer_into_a_new_epoch(consumer, catch_up):
    article = Article.objects.create(title="Emma")
    for _ in range(3):  # the last ones find nothing new
        consumer.consume()
    begin_epoch()

    for _ in range(3):
        consumer.consume()

    assert copies() == {article.pk: ("Emma", False)}
    assert (cursor().position, cursor().head, cursor().generation) == (1, 1, 1)


def test_an_idle_consumer_follows_a_replay(consumer):
    Article.objects.create(title="Emma")
    for _ in range(3):
        consumer.consume()

    call_command("replay_events")
    FeedCursor.objects.filter(caught_up_at__isnull=False).update(caught_up_at=timezone.now() - timedelta(seconds=6))
    consumer._seen.caught_up_at = timezone.now() - timedelta(seconds=6)  # as after some polls
    for _ in range(3):
        consumer.consume()

    assert (cursor().position, cursor().generation, cursor().is_replaying) == (1, 1, False)


def test_the_command_replays_from_the_start(catch_up):
    article = Article.objects.create(title="Emma")
    catch_up()
    Copy.objects.update(title="Wrong", version=0)

    call_command("replay_events")
    catch_up()

    assert copies() == {article.pk: ("Emma", False)}
    assert cursor().generation == 1


@pytest.mark.django_db(transaction=True)
def test_while_one_consumer_applies_a_page_another_stands_by(cursor_locked):
    consume([event(1)])

    with cursor_locked():
        stood_by = ScriptedConsumer([event(2)]).consume()

    assert stood_by is False
    assert sorted(copies()) == [1]


def test_a_page_that_another_consumer_has_applied_meanwhile_is_dropped():
    slow = ScriptedConsumer([event(1, version=1)])
    fetch = slow.fetch

    def fetch_slowly(after):
        consume([event(1, version=1), event(2)])
        return fetch(after)

    slow.fetch = fetch_slowly

    assert slow.consume() is False
    assert cursor().position == 2


def test_an_idle_consumer_writes_every_few_seconds_only(django_assert_num_queries):
    consumer = consume([event(1)])
    consumer.consume()
    consumer.consume()

    with django_assert_num_queries(0):
        consumer.consume()

    FeedCursor.objects.update(caught_up_at=timezone.now() - timedelta(seconds=6))
    consumer = ScriptedConsumer()
    consumer.consume()
    assert timezone.now() - cursor().caught_up_at < timedelta(seconds=2)


def test_metrics_tell_the_lag_and_the_dead_letters(client):
    consume([event(1), poison(2)])
    FeedCursor.objects.update(head=10, caught_up_at=timezone.now() - timedelta(seconds=60))

    lines = client.get("/metrics").content.decode().splitlines()

    assert 'inbox_position{feed="newsroom"} 2.0' in lines
    assert 'inbox_lag_events{feed="newsroom"} 8.0' in lines
    assert 'inbox_dead_letters{feed="newsroom",state="waiting"} 1.0' in lines
    seconds = [float(line.split()[1]) for line in lines if line.startswith("inbox_lag_seconds{")]
    assert 60 <= seconds[0] < 70


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
def test_what_is_no_page_of_a_feed_is_an_outage(httpserver, status, content_type, body, headers, expected):
    httpserver.expect_request("/events").respond_with_data(body, status, headers, content_type=content_type)

    with pytest.raises(expected):
        FeedClient(httpserver.url_for("/events")).read(None, 500)


def test_a_server_that_is_not_there_is_an_outage():
    with pytest.raises(FeedUnavailable):
        FeedClient("http://127.0.0.1:1/events").read(Cursor(EPOCH, 1), 500)


@pytest.mark.django_db(transaction=True)
def test_the_feed_is_read_over_http(live_server):
    article = Article.objects.create(title="Emma")
    consumer = Consumer(articles.__class__(**{**vars(articles), "url": lambda: f"{live_server.url}/events"}))

    assert consumer.consume() is False
    assert copies() == {article.pk: ("Emma", False)}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("broker", ["", "redis://127.0.0.1:1/0"], ids=["no broker", "broker away"])
def test_the_command_consumes_up_to_the_head(live_server, monkeypatch, settings, broker):
    settings.EVENTS_BROKER_URL = broker
    pks = [Article.objects.create(title="Emma").pk for _ in range(3)]
    own = articles.__class__(**{**vars(articles), "url": lambda: f"{live_server.url}/events"})
    monkeypatch.setattr("events.inbox.management.commands.consume_events.subscriptions", lambda: [own])
    monkeypatch.setattr(consuming, "PAGE_SIZE", 2)

    call_command("consume_events", "--once")

    assert sorted(copies()) == pks
    assert not cursor().is_replaying
