import json
import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from django.db import connection, connections

from events.outbox import relay as relaying
from events.outbox.feed import begin_epoch, read_state
from events.outbox.models import Event, Feed
from events.outbox.relay import Relay
from events.worker import Job, Unavailable, run_jobs
from newsroom.articles.models import Article

pytestmark = pytest.mark.usefixtures("empty_feed")


@pytest.fixture
def relay(redis):
    return Relay("articles")


def write(*titles):
    for title in titles:
        Article.objects.create(title=title)


def send(relay):
    while relay.run():
        pass


def positions(first, last):
    return [f"{position}-0" for position in range(first, last + 1)]


def test_the_stream_has_the_events_of_the_feed_at_their_positions(redis, relay, read_feed):
    write("Emma", "Persuasion")

    send(relay)

    events = json.loads(read_feed().content)
    epoch = str(Feed.objects.get().epoch)
    assert [(entry_id, of, json.loads(event)) for entry_id, of, event in redis.entries()] == [
        ("1-0", epoch, events[0]),
        ("2-0", epoch, events[1]),
    ]


def test_more_events_than_one_batch_are_sent_at_once(redis, relay, monkeypatch):
    monkeypatch.setattr(relaying, "BATCH_SIZE", 10)
    Article.objects.bulk_create(Article(title="Part") for _ in range(25))

    send(relay)

    assert redis.ids() == positions(1, 25)


def test_without_new_events_the_broker_gets_no_command(redis, relay):
    write("Emma")
    send(relay)
    before = redis.client.info("stats")["total_commands_processed"]

    relay.run()

    assert redis.client.info("stats")["total_commands_processed"] == before + 1  # the INFO


def test_a_relay_continues_where_another_ended(redis, relay):
    write("Emma", "Persuasion")
    send(relay)
    write("Sanditon")

    send(Relay("articles"))
    write("Lady Susan")
    send(relay)

    assert redis.ids() == positions(1, 4)


def test_one_of_two_relays_that_send_the_same_events_fails_and_retries(redis, relay, monkeypatch):
    other, read_page = Relay("articles"), relaying.read_page
    send(other)
    write("Emma", "Persuasion")

    def read_slowly(*arguments):
        monkeypatch.setattr(relaying, "read_page", read_page)
        page = read_page(*arguments)
        write("Sanditon")
        send(other)
        return page

    monkeypatch.setattr(relaying, "read_page", read_slowly)

    assert relay.run() is True
    assert redis.ids() == positions(1, 3)
    assert relay.run() is False


def test_relays_that_run_at_once_send_each_event_once(redis, relay):
    stop = threading.Event()
    write("First")  # a relay that finds an empty stream begins at the head
    send(relay)

    def work():
        relay = Relay("articles")
        while not stop.is_set():
            relay.run()
        send(relay)
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for n in range(300):
        write(f"Part {n}")
    stop.set()
    for thread in threads:
        thread.join(60)

    assert redis.ids() == positions(1, 301)


def test_an_overtaken_relay_does_not_restart_the_stream(redis, relay, monkeypatch):
    other, read_state, stale = Relay("articles"), relaying.read_state, []
    write("Emma")
    send(other)

    def read_state_slowly():
        state = read_state()
        if not stale:
            stale.append(state)
            write("Persuasion")
            send(other)
        return state

    monkeypatch.setattr(relaying, "read_state", read_state_slowly)

    send(relay)

    assert redis.ids() == positions(1, 2)


KILLED = """
import django
django.setup()
from events.outbox.relay import Relay
relay = Relay("articles")
print("ready", flush=True)
while True:
    relay.run()
"""


def test_a_killed_relay_leaves_no_gap_and_no_duplicate(redis, relay):
    write("Emma")
    send(relay)
    database = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
    newsroom = "from newsroom.settings import *\n" + f"EVENTS_BROKER_URL = {redis.url!r}"
    Path(redis.folder, "with_broker.py").write_text(newsroom)
    environment = os.environ | {"DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "with_broker"}
    environment["PYTHONPATH"] = f"{redis.folder}:{Path(__file__).parent}"
    for delay in (0.02, 0.06):
        command = [sys.executable, "-c", KILLED]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
            assert process.stdout.readline() == b"ready\n"
            Article.objects.bulk_create(Article(title="Part") for _ in range(2000))
            time.sleep(delay)
            process.kill()

    # PostgreSQL may hold the locks of the killed process for a while, during which no other process can number events.
    deadline = time.monotonic() + 60
    while len(redis.ids()) < 4001 and time.monotonic() < deadline:
        send(relay)

    assert redis.ids() == positions(1, 4001)


def test_after_a_flush_only_new_events_are_sent(redis, relay):
    write("Emma", "Persuasion")
    send(relay)
    redis.client.flushall()
    write("Sanditon", "Lady Susan")

    send(relay)

    assert redis.ids() == positions(3, 4)


def test_a_relay_that_finds_an_empty_stream_begins_at_the_head(redis):
    write("Emma", "Persuasion")
    Event.objects.number()
    relay = Relay("articles")

    send(relay)
    write("Sanditon")
    send(relay)

    assert redis.ids() == positions(3, 3)


def test_a_restart_of_the_broker_without_persistence_loses_nothing_that_was_not_sent(redis, relay):
    write("Emma")
    send(relay)
    redis.kill()
    write("Persuasion")
    with pytest.raises(Unavailable, match="Connection refused"):
        relay.run()

    redis.start()
    send(relay)

    assert redis.ids() == positions(2, 2)


def test_a_new_epoch_restarts_the_stream(redis, relay):
    write("Emma", "Persuasion", "Sanditon")
    send(relay)
    Feed.objects.update(head=1)  # an older state was restored
    Event.objects.filter(position__gt=1).delete()
    begin_epoch()

    write("Lady Susan")
    send(relay)

    ((entry_id, epoch, event),) = redis.entries()
    assert (entry_id, epoch) == ("2-0", str(Feed.objects.get().epoch))
    assert json.loads(event)["data"]["title"] == "Lady Susan"


def test_a_stream_that_is_ahead_of_the_log_is_restarted(redis, relay):
    redis.client.xadd("articles", {"epoch": str(read_state().epoch)}, "7-0")
    write("Emma")

    send(relay)

    assert redis.ids() == positions(1, 1)


def test_a_stream_that_was_trimmed_to_nothing_is_restarted(redis, relay):
    redis.client.xadd("articles", {"epoch": "unknown"}, "7-0")
    redis.client.xtrim("articles", maxlen=0, approximate=False)
    write("Emma")

    send(relay)

    assert redis.ids() == positions(1, 1)


def test_the_stream_keeps_the_newest_events(redis, relay, monkeypatch):
    monkeypatch.setattr(relaying, "STREAM_LENGTH", 100)
    write("Emma")
    send(relay)
    Article.objects.bulk_create(Article(title="Part") for _ in range(1000))

    send(relay)

    ids = redis.ids()
    assert ids[-100:] == positions(902, 1001)
    assert len(ids) < 300


def test_a_relay_that_is_far_behind_sends_no_more_than_the_stream_keeps(redis, relay, monkeypatch):
    monkeypatch.setattr(relaying, "STREAM_LENGTH", 10)
    write("Emma")
    send(relay)
    Article.objects.bulk_create(Article(title="Part") for _ in range(30))
    Event.objects.number()

    send(relay)

    assert redis.ids() == ["1-0", *positions(22, 31)]


def test_an_unavailable_broker_is_logged_once_without_a_traceback(settings, redis, relay, caplog):
    settings.WORKER_HEARTBEAT_FILE = ""
    redis.kill()
    write("Emma")
    stop, attempts = threading.Event(), []

    def run():
        attempts.append(1)
        if len(attempts) == 3:
            redis.start()
            stop.set()
        return relay.run()

    run_jobs([Job("relay events", 0.2, run)], stop)

    (record,) = [record for record in caplog.records if record.name == "events.worker"]
    assert (record.levelno, record.exc_info) == (logging.WARNING, None)
    assert redis.ids() == positions(1, 1)


def test_a_full_broker_refuses_whole_batches_and_no_event_is_logged(redis, relay):
    redis.client.config_set("maxmemory", 1)
    write("Emma", "Persuasion")

    with pytest.raises(Unavailable) as raised:
        relay.run()

    assert str(raised.value) == "broker: OutOfMemoryError"
    redis.client.config_set("maxmemory", 0)
    send(relay)
    assert redis.ids() == positions(1, 2)


def test_a_wrong_password_is_not_logged(settings, redis):
    redis.client.config_set("requirepass", "right")
    settings.EVENTS_BROKER_URL = redis.url.replace("//", "//:wr0ng@")
    write("Emma")

    with pytest.raises(Unavailable) as raised:
        Relay("articles").run()

    assert "wr0ng" not in str(raised.value)
