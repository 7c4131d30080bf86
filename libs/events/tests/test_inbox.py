from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from scripted import ScriptedConsumer, consume, copies, cursor, event, poison

from events.cursor import CursorGone
from events.inbox import consumer as consuming
from events.inbox.client import FeedUnavailable
from events.inbox.consumer import Consumer
from events.inbox.models import DeadLetter, FeedCursor
from events.outbox.feed import begin_epoch
from events.outbox.models import Event
from newsroom.articles.copies import articles
from newsroom.articles.models import Article, Copy

pytestmark = pytest.mark.django_db


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


def test_repeated_and_shuffled_events_have_the_effect_of_the_newest():
    events = [event(version=version) for version in (1, 2, 3)]

    consume([events[2], events[0]], [events[1], events[2]], [*events])

    assert copies() == {1: ("Version 3", False)}
    assert not DeadLetter.objects.exists()


def test_an_unknown_type_is_counted_and_skipped():
    consume([event(1), event(2, type="com.example.article.praised.v1"), event(3)])

    assert sorted(copies()) == [1, 3]
    assert cursor().skipped == 1
    assert not DeadLetter.objects.exists()


def test_an_unavailable_feed_is_logged_once_and_retried(caplog):
    consumer = ScriptedConsumer(FeedUnavailable("away"), FeedUnavailable("away"), [event(1)])

    assert [consumer.consume() for _ in range(2)] == [False, False]
    assert [record.getMessage() for record in caplog.records if record.name == "events.inbox.consumer"] == [
        "feed unavailable"
    ]
    consumer.consume()
    assert copies() == {1: ("Version 1", False)}


def test_a_gone_cursor_starts_a_replay_that_sweeps_missing_objects():
    consumer = consume([event(1), event(2)])

    consumer.pages = [CursorGone(), [event(2)]]
    while consumer.pages:
        consumer.consume()

    assert copies() == {1: ("Version 1", True), 2: ("Version 1", False)}
    assert (cursor().generation, cursor().is_replaying) == (1, False)


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


def test_rows_removed_by_truncate_are_swept_after_their_events_are_deleted_in_a_new_epoch(catch_up):
    gone = Article.objects.create(title="Emma")
    catch_up()
    with connection.cursor() as executing:
        executing.execute("TRUNCATE articles_article")
        executing.execute("DELETE FROM outbox_event WHERE subject LIKE 'articles/%'")  # docs/events.md
    begin_epoch()
    kept = Article.objects.create(title="Persuasion")

    catch_up()

    assert copies() == {gone.pk: ("Emma", True), kept.pk: ("Persuasion", False)}


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
def test_while_one_consumer_applies_a_page_another_applies_nothing(cursor_locked):
    consume([event(1)])

    with cursor_locked():
        has_more = ScriptedConsumer([event(2)]).consume()

    assert has_more is False
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


def test_metrics_report_the_lag_and_the_dead_letters(client):
    consume([event(1), poison(2)])
    FeedCursor.objects.update(head=10, caught_up_at=timezone.now() - timedelta(seconds=60))

    lines = client.get("/metrics").content.decode().splitlines()

    assert 'inbox_position{feed="newsroom"} 2.0' in lines
    assert 'inbox_lag_events{feed="newsroom"} 8.0' in lines
    assert 'inbox_dead_letters{feed="newsroom",state="waiting"} 1.0' in lines
    seconds = [float(line.split()[1]) for line in lines if line.startswith("inbox_lag_seconds{")]
    assert 60 <= seconds[0] < 70


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


@pytest.mark.django_db(transaction=True)
def test_the_command_fails_if_a_feed_is_unavailable(live_server, monkeypatch):
    article = Article.objects.create(title="Emma")
    away = articles.__class__(**{**vars(articles), "feed": "away", "url": lambda: "http://127.0.0.1:1/events"})
    own = articles.__class__(**{**vars(articles), "url": lambda: f"{live_server.url}/events"})
    monkeypatch.setattr("events.inbox.management.commands.consume_events.subscriptions", lambda: [away, own])

    with pytest.raises(CommandError, match=r"^Unavailable feeds: away\.$"):
        call_command("consume_events", "--once")

    assert [*copies()] == [article.pk]  # the other feed is consumed
