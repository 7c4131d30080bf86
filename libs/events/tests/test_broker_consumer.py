import json
import logging
from dataclasses import replace
from io import StringIO

import pytest
from django.core.management import call_command

from events.inbox import broker as brokering
from events.inbox.broker import BrokerConsumer
from events.inbox.client import FeedUnavailable
from events.inbox.consumer import Consumer, consumer_of
from events.inbox.models import DeadLetter, FeedCursor
from events.outbox.feed import begin_epoch
from events.outbox.models import Event, Feed
from events.outbox.relay import Relay
from newsroom.articles.copies import articles
from newsroom.articles.models import Article, Copy

pytestmark = pytest.mark.usefixtures("empty_feed")


class CountingConsumer(BrokerConsumer):
    """Counts reads of the feed; a test can make the feed unavailable."""

    reads, has_feed = 0, True

    def fetch(self, after):
        self.reads += 1
        if not self.has_feed:
            raise FeedUnavailable
        return super().fetch(after)


@pytest.fixture
def consumer(redis, live_server, monkeypatch):
    """A consumer that has read the feed to its head, and reads its stream from now on."""
    monkeypatch.setattr(brokering, "BLOCK_SECONDS", 0.01)
    monkeypatch.setattr(brokering, "VERIFY_SECONDS", 3600)
    made = CountingConsumer(replace(articles, url=lambda: f"{live_server.url}/events"))
    made.consume()
    assert made.reads == 1
    return made


@pytest.fixture
def relay(redis):
    made = Relay("articles")
    made.run()
    return made


def write(*titles):
    for title in titles:
        Article.objects.create(title=title)


def titles():
    return sorted(Copy.objects.filter(is_deleted=False).values_list("title", flat=True))


def add(redis, position, title, **fields):
    """Append an entry by hand."""
    event = {"id": title, "type": "com.example.article.changed.v1", "subject": f"articles/{position}"}
    event |= {"data": {"id": position, "title": title, "version": 1}}
    values = {"epoch": str(Feed.objects.get().epoch), "event": json.dumps(event)} | fields
    redis.client.xadd("articles", values, f"{position}-0")


def test_events_arrive_through_the_stream_without_the_feed(consumer, relay):
    write("Emma", "Persuasion")
    relay.run()

    assert consumer.consume() is True

    assert titles() == ["Emma", "Persuasion"]
    assert consumer.reads == 1
    cursor = FeedCursor.objects.get()
    assert (cursor.position, cursor.head) == (2, 2)


def test_a_consumer_blocks_for_entries_and_continues_at_once(consumer, relay):
    assert consumer.consume() is True
    assert consumer.reads == 1


def test_only_reads_of_the_feed_update_caught_up_at(consumer, relay, monkeypatch):
    before = FeedCursor.objects.get().caught_up_at
    write("Emma")
    relay.run()

    consumer.consume()
    assert FeedCursor.objects.get().caught_up_at == before

    monkeypatch.setattr(brokering, "VERIFY_SECONDS", 0)
    FeedCursor.objects.update(caught_up_at=None, is_replaying=True)
    consumer.consume()
    assert FeedCursor.objects.get().caught_up_at > before


def test_the_feed_is_read_periodically_in_case_the_relay_fails(consumer, monkeypatch):
    write("Emma")
    consumer.consume()
    assert titles() == []

    consumer._verify_at = 0.0
    consumer.consume()

    assert titles() == ["Emma"]
    assert consumer._verify_at > 0


def gap(redis):
    add(redis, 3, "Sanditon")


def gap_in_the_middle(redis):
    add(redis, 1, "Emma")
    add(redis, 3, "Sanditon")


def other_epoch(redis):
    add(redis, 1, "Forged", epoch="7d444840-9dc0-11d1-b245-5ffdce74fad2")


def no_json(redis):
    add(redis, 1, "Emma", event="{")


def no_event(redis):
    redis.client.xadd("articles", {"epoch": str(Feed.objects.get().epoch)}, "1-0")


def no_position(redis):
    redis.client.xadd("articles", {"epoch": str(Feed.objects.get().epoch), "event": "{}"})


def no_stream(redis):
    redis.client.set("articles", "text")


@pytest.mark.parametrize(
    "spoil",
    [gap, gap_in_the_middle, other_epoch, no_json, no_event, no_position, no_stream],
    ids=lambda one: one.__name__,
)
def test_the_feed_is_read_when_the_stream_does_not_follow_the_cursor(redis, consumer, spoil):
    write("Emma", "Persuasion", "Sanditon")
    spoil(redis)

    consumer.consume()

    assert titles() == ["Emma", "Persuasion", "Sanditon"]
    assert consumer.reads == 2
    assert not DeadLetter.objects.exists()


def test_a_stream_with_a_gap_is_not_retried_at_once_without_the_feed(redis, consumer):
    gap(redis)
    consumer.has_feed = False

    assert consumer.consume() is False


def test_the_stream_suffices_while_the_feed_is_unavailable(consumer, relay):
    consumer.has_feed = False
    consumer._verify_at = 0.0
    write("Emma")
    relay.run()

    consumer.consume()
    consumer.consume()

    assert titles() == ["Emma"]


def test_a_flush_between_two_events_has_no_effect(redis, consumer, relay):
    write("Emma")
    relay.run()
    consumer.consume()
    redis.client.flushall()
    write("Persuasion")
    relay.run()

    consumer.consume()

    assert titles() == ["Emma", "Persuasion"]
    assert consumer.reads == 1


def test_events_lost_in_a_flush_are_read_from_the_feed(redis, consumer, relay):
    write("Emma")
    relay.run()
    redis.client.flushall()
    write("Persuasion")
    relay.run()

    consumer.consume()

    assert titles() == ["Emma", "Persuasion"]
    assert consumer.reads == 2


def test_while_the_broker_is_unavailable_the_feed_is_read_and_one_warning_logged(redis, consumer, caplog, monkeypatch):
    monkeypatch.setattr(brokering, "REST_SECONDS", 0)
    redis.kill()

    for title in ("Emma", "Persuasion"):
        write(title)
        assert consumer.consume() is False

    assert titles() == ["Emma", "Persuasion"]
    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert (record.getMessage(), record.exc_info) == ("broker unavailable, events are read from the feed", None)


def test_a_failed_broker_is_retried_only_after_a_pause(redis, consumer, monkeypatch):
    redis.kill()
    consumer.consume()
    redis.start()

    consumer.consume()
    assert consumer.reads == 3

    consumer._rests_until = 0.0
    consumer.consume()
    assert consumer.reads == 3


def test_a_restart_of_the_broker_without_persistence_is_survived(redis, consumer, relay):
    write("Emma")
    relay.run()
    consumer.consume()
    redis.kill()
    redis.start()
    write("Persuasion")
    relay.run()

    consumer.consume()

    assert titles() == ["Emma", "Persuasion"]
    assert consumer.reads == 1


def test_a_new_epoch_is_replayed_from_the_feed_and_followed_in_the_stream(redis, consumer, relay):
    write("Emma", "Persuasion", "Sanditon")
    relay.run()
    consumer.consume()
    Article.objects.filter(title="Sanditon").delete()
    Event.objects.filter(data__title="Sanditon").delete()
    Event.objects.filter(type__endswith=".deleted.v1").delete()
    Feed.objects.update(head=2)  # an older state was restored
    begin_epoch()
    write("Lady Susan")
    relay.run()

    consumer.consume()  # the stream has no entries after the cursor
    consumer._verify_at = 0.0
    while FeedCursor.objects.get().is_replaying or consumer._verify_at == 0:
        consumer.consume()
    assert titles() == ["Emma", "Lady Susan", "Persuasion"]

    reads = consumer.reads
    write("Catharine")
    relay.run()
    consumer.consume()
    assert titles() == ["Catharine", "Emma", "Lady Susan", "Persuasion"]
    assert consumer.reads == reads


def test_a_replay_reads_the_feed(consumer, relay):
    write("Emma")
    relay.run()
    consumer.consume()
    call_command("replay_events", "newsroom", stdout=StringIO())

    consumer.consume()

    assert consumer.reads == 2
    assert not FeedCursor.objects.get().is_replaying


def test_a_replay_is_read_from_the_feed_to_its_end(consumer, relay):
    write("Emma")
    relay.run()
    FeedCursor.objects.update(is_replaying=True)  # during a replay

    consumer.consume()

    assert consumer.reads == 2
    assert not FeedCursor.objects.get().is_replaying


def test_two_consumers_apply_each_event_once(redis, consumer, relay):
    other = CountingConsumer(consumer.subscription)
    other._verify_at = float("inf")
    for title in ("Emma", "Persuasion"):
        write(title)
        relay.run()
        consumer.consume()
        other.consume()

    assert titles() == ["Emma", "Persuasion"]
    assert other.reads == 0


def test_a_consumer_that_finds_the_cursor_locked_applies_nothing(consumer, relay, cursor_locked):
    write("Emma")
    relay.run()

    with cursor_locked():
        has_more = consumer.consume()

    assert has_more is False
    assert titles() == []


def test_without_a_broker_a_consumer_reads_the_feed_only(settings, redis):
    assert type(consumer_of(articles)) is BrokerConsumer

    settings.EVENTS_BROKER_URL = ""

    assert type(consumer_of(articles)) is Consumer
