import json
import logging
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from scripted import EPOCH, ScriptedConsumer, consume, copies, cursor, event, poison

from events.cursor import CursorGone
from events.inbox.models import DeadLetter
from newsroom.articles.copies import CHANGED, articles
from newsroom.articles.models import Copy

pytestmark = pytest.mark.django_db


def test_a_poisonous_event_becomes_a_dead_letter_and_blocks_no_other(caplog):
    bad = poison(2)

    consume([event(1), bad, event(3)])

    assert sorted(copies()) == [1, 3]
    letter = DeadLetter.objects.get()
    assert (letter.state, letter.event_id, json.loads(letter.event)) == ("waiting", bad["id"], bad)
    assert letter.error == "ValueError('poisonous')"
    (record,) = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert record.exc_info


def test_a_poisonous_event_that_arrives_twice_is_one_dead_letter():
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
def test_a_malformed_event_blocks_no_other(bad):
    consume([event(7), bad, event(8)])

    assert {7, 8} <= copies().keys()
    assert cursor().position == 3
    assert DeadLetter.objects.count() + cursor().skipped == 1


def retry_now(consumer):
    DeadLetter.objects.filter(state="waiting").update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    return consumer.retry_dead_letters()


def test_a_dead_letter_whose_cause_is_fixed_is_resolved(monkeypatch):
    consumer = consume([poison()])
    fixed = articles.__class__(
        **{
            **vars(articles),
            "apply": lambda events, reading: Copy.objects.create(
                article_id=1, title="Fixed", version=1, epoch=reading.epoch, generation=reading.generation
            ),
        }
    )
    monkeypatch.setattr(consumer, "subscription", fixed)

    assert retry_now(consumer) is True
    assert DeadLetter.objects.get().state == "resolved"
    assert copies() == {1: ("Fixed", False)}
    assert consumer.retry_dead_letters() is False


def test_a_dead_letter_is_not_retried_before_its_time():
    consumer = consume([poison()])

    assert consumer.retry_dead_letters() is False
    assert DeadLetter.objects.get().attempts == 1


def test_retries_do_not_depend_on_the_clock_of_the_worker(monkeypatch):
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(hours=1))
    consumer, next_attempts = consume([poison()]), []
    next_attempts += DeadLetter.objects.values_list("next_attempt_at", flat=True)
    DeadLetter.objects.retry()
    assert consumer.retry_dead_letters() is True
    next_attempts += DeadLetter.objects.values_list("next_attempt_at", flat=True)

    assert [next_attempt < now + timedelta(minutes=1) for next_attempt in next_attempts] == [True, True]


def test_retries_of_a_dead_letter_back_off_until_it_is_dead():
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


def test_admin_actions_retry_and_discard_dead_letters(admin_client):
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


@pytest.mark.parametrize("statement", ["SELECT pg_sleep(1)", "SELECT repeat('x', 2000000000)"])
def test_an_event_that_the_database_refuses_blocks_no_other(monkeypatch, statement):
    consumer = ScriptedConsumer([event(1), event(2)])

    def apply(events, reading):
        if any(each["subject"].endswith("/2") for each in events):
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = '10ms'")
                cursor.execute(statement)
        articles.apply(events, reading)

    monkeypatch.setattr(consumer, "subscription", articles.__class__(**{**vars(articles), "apply": apply}))
    consumer.consume()

    assert sorted(copies()) == [1]
    assert DeadLetter.objects.get().state == "waiting"
    assert cursor().position == 2


@pytest.mark.parametrize("state", ["waiting", "dead", "discarded"])
def test_a_replay_delivers_failed_events_again_and_does_not_sweep_their_subjects(state):
    consumer = consume([event(1), event(2), event(3)], [poison(2, version=2)])
    DeadLetter.objects.update(state=state)

    consumer.pages = [CursorGone(), [event(1), poison(2, version=2)]]
    while consumer.pages:
        consumer.consume()

    assert {pk: is_deleted for pk, (_, is_deleted) in copies().items()} == {1: False, 2: False, 3: True}
    assert DeadLetter.objects.get().state == "waiting"


@pytest.mark.parametrize("state", ["waiting", "dead", "discarded"])
def test_an_event_of_an_earlier_epoch_cannot_be_retried(state):
    consumer = consume([poison(1, version=9)])
    DeadLetter.objects.update(state=state)
    consumer.pages = [CursorGone(), [event(1)]]
    while consumer.pages:
        consumer.consume()

    assert DeadLetter.objects.retry() == 0


def test_an_event_that_fails_again_after_it_was_resolved_is_retried():
    bad = poison()
    consume([bad])
    DeadLetter.objects.update(state="resolved", next_attempt_at=None)

    consume([bad])

    assert DeadLetter.objects.get().state == "waiting"
    assert DeadLetter.objects.get().next_attempt_at
