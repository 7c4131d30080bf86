import json
import uuid

import pytest
from django.db import connections, transaction
from django.http import HttpResponse
from django.test import Client
from psycopg2 import sql

from events.outbox import context
from events.outbox.feed import begin_epoch
from events.outbox.models import Event, Feed
from identity.internal import HEADER, Caller, sign
from newsroom.articles.models import Article
from observability.actor import set_actor
from observability.request_id import RequestIdMiddleware

pytestmark = pytest.mark.django_db
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def articles():
    return [Article.objects.create(title=f"Part {n}") for n in range(5)]


def read_all(read_feed, response, limit):
    found = []
    while batch := json.loads(response.content):
        found += batch
        response = read_feed(after=response["Event-Cursor"], limit=limit)
    return found, response


def test_events_are_cloud_events(read_feed):
    article = Article.objects.create(title="Emma")

    response = read_feed()

    assert response.status_code == 200
    assert response["Content-Type"] == "application/cloudevents-batch+json"
    (event,) = json.loads(response.content)
    stored = Event.objects.get()
    assert event == {
        "specversion": "1.0",
        "id": str(stored.event_id),
        "source": "/newsroom-service",
        "type": "com.example.article.changed.v1",
        "subject": f"articles/{article.pk}",
        "time": stored.time.isoformat().replace("+00:00", "Z"),
        "sequence": "00000000000000000001",
        "datacontenttype": "application/json",
        "data": {"id": article.pk, "title": "Emma", "version": 1},
    }


def test_pages_follow_each_other_to_the_head(read_feed, articles):
    first = read_feed(limit=2)

    found, last = read_all(read_feed, first, limit=2)

    assert [event["data"]["title"] for event in found] == [f"Part {n}" for n in range(5)]
    assert first["Event-Head"] == last["Event-Head"] == "5"
    assert last["Event-Cursor"] == f"{Feed.objects.get().epoch}:5"
    assert first["Link"] == f'</events?after={first["Event-Cursor"]}&limit=2>; rel="next"'


def test_full_pages_can_be_cached_and_others_cannot(read_feed, articles):
    full = read_feed(after=f"{Feed.objects.get().epoch}:0", limit=5)
    rest = read_feed(after=full["Event-Cursor"])

    assert full["Cache-Control"] == "private, max-age=3600"
    assert rest["Cache-Control"] == "no-store"


def test_a_cursor_skips_positions_that_compaction_emptied(read_feed, articles):
    read_feed()
    Event.objects.filter(position__gte=4).delete()

    response = read_feed(after=f"{Feed.objects.get().epoch}:3")

    assert json.loads(response.content) == []
    assert response["Event-Cursor"].endswith(":5")


BAD = {
    "other parameter": ({"before": "1"}, "before: unknown parameter."),
    "limit 0": ({"limit": "0"}, "limit: must be a number from 1 to 1000."),
    "limit too large": ({"limit": "1001"}, "limit: must be a number from 1 to 1000."),
    "limit of many digits": ({"limit": "9" * 5000}, "limit: must be a number from 1 to 1000."),
    "limit in other digits": ({"limit": "٣"}, "limit: must be a number from 1 to 1000."),
    "no cursor": ({"after": "7"}, 'after: must be a cursor of this feed, such as "EPOCH:42".'),
    "NUL": ({"after": "\0"}, 'after: must be a cursor of this feed, such as "EPOCH:42".'),
    "huge position": (
        {"after": f"{uuid.UUID(int=1)}:{10**18}"},
        'after: must be a cursor of this feed, such as "EPOCH:42".',
    ),
}


@pytest.mark.parametrize(("query", "detail"), BAD.values(), ids=BAD)
def test_a_bad_query_is_refused_with_the_parameter_and_the_reason(read_feed, query, detail):
    response = read_feed(**query)

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert json.loads(response.content)["detail"] == detail


def test_a_cursor_of_another_epoch_is_gone(read_feed, articles):
    cursor = read_feed()["Event-Cursor"]

    begin_epoch()

    assert read_feed(after=cursor).status_code == 410
    assert len(json.loads(read_feed().content)) == 5


def test_a_cursor_ahead_of_the_feed_is_gone(read_feed, articles):
    read_feed()
    Feed.objects.update(head=3)  # as after a restore of an older state

    response = read_feed(after=f"{Feed.objects.get().epoch}:5")

    assert response.status_code == 410
    assert json.loads(response.content)["type"] == "urn:problem:event_cursor_gone"


def test_a_cursor_before_a_purged_deletion_is_gone_except_in_a_replay(read_feed, articles):
    old = read_feed(limit=1)["Event-Cursor"]
    Feed.objects.update(purged_to=4)

    assert read_feed(after=old).status_code == 410
    found, last = read_all(read_feed, read_feed(limit=1), limit=1)
    assert len(found) == 5
    assert last["Event-Cursor"] == f"{Feed.objects.get().epoch}:5"


def test_a_deletion_that_is_purged_during_a_replay_ends_it(read_feed, articles):
    Feed.objects.update(purged_to=2)
    cursor = read_feed(limit=1)["Event-Cursor"]

    Feed.objects.update(purged_to=4)

    assert read_feed(after=cursor).status_code == 410


def test_a_copy_of_the_database_in_another_cluster_has_another_epoch(read_feed, articles):
    cursor = read_feed()["Event-Cursor"]
    Feed.objects.update(cluster="7")

    assert read_feed(after=cursor).status_code == 410
    assert Feed.objects.get().cluster != "7"


def test_the_feed_requires_the_service_token(read_feed, settings, client):
    settings.SERVICE_TOKENS = ["token"]

    assert read_feed().status_code == 401
    assert client.get("/events", headers={"X-Service-Token": "token"}).status_code == 200


@pytest.mark.parametrize(
    ("caller", "status"),
    [
        (None, 401),
        (Caller("7", 7, frozenset({"events:read", "users:read"})), 403),
        (Caller("service:order", scopes=frozenset({"users:read"})), 403),
        (Caller("service:order", scopes=frozenset({"events:read"})), 200),
    ],
    ids=["none", "user", "other scope", "consumer"],
)
def test_with_auth_the_feed_is_for_services_only(client, settings, caller, status):
    settings.AUTH, settings.SERVICE_TOKENS = True, ["token"]
    headers = {"X-Service-Token": "token"}
    if caller:
        headers[HEADER] = sign(caller, audience=settings.SERVICE_NAME, service_token="token")

    assert client.get("/events", headers=headers).status_code == status


@pytest.mark.parametrize("checks_csrf", [True, False])
def test_writing_to_the_feed_is_not_allowed(checks_csrf):
    assert Client(enforce_csrf_checks=checks_csrf).post("/events").status_code == 405


@pytest.mark.parametrize(
    ("received", "noted"),
    [(TRACE, TRACE), (TRACE.upper(), ""), (TRACE + "-x", ""), ("00-" + "0" * 32 + TRACE[35:], ""), ("", "")],
)
def test_an_event_carries_the_received_trace_if_tracing_is_off(read_feed, rf, monkeypatch, received, noted):
    connection = connections["default"]
    monkeypatch.setattr(connection, "execute_wrappers", [*connection.execute_wrappers])
    context.note_context(connection)
    respond = RequestIdMiddleware(lambda request: HttpResponse(Article.objects.create(title="Emma")))

    respond(rf.post("/articles", headers={"traceparent": received}))

    assert [event.get("traceparent", "") for event in json.loads(read_feed().content)] == [noted]


def test_an_event_carries_the_trace_of_its_write(read_feed, monkeypatch):
    monkeypatch.setattr(context.tracing, "outgoing_headers", lambda: {"traceparent": TRACE})
    connection = connections["default"]
    monkeypatch.setattr(connection, "execute_wrappers", [*connection.execute_wrappers])
    for _ in range(2):  # a reconnect sends the signal again
        context.note_context(connection)
    with connection.execute_wrapper(lambda execute, *arguments: execute(*arguments)):
        article = Article.objects.create(title="Emma")
    Article.objects.filter(pk=article.pk).update(title="Emma!")
    monkeypatch.setattr(context.tracing, "outgoing_headers", dict)
    Article.objects.filter(pk=article.pk).delete()

    assert [event.get("traceparent") for event in json.loads(read_feed().content)][:2] == [TRACE, TRACE]
    assert connection.execute_wrappers.count(context._with_context) == 1


def test_an_event_carries_the_actor_of_its_transaction_and_of_no_other(empty_feed, read_feed, monkeypatch):
    connection = connections["default"]
    monkeypatch.setattr(connection, "execute_wrappers", [*connection.execute_wrappers])
    context.note_context(connection)
    set_actor("auth0|7")
    article = Article.objects.create(title="Emma")
    Article.objects.filter(pk=article.pk).update(title="Emma!")
    set_actor("")
    article.delete()

    assert [event.get("actor") for event in json.loads(read_feed().content)] == ["auth0|7", "auth0|7", None]


RAW_SQL = {
    "pattern": ("UPDATE articles_article SET title = 'Emma!' WHERE title LIKE 'Em%'", None),
    "list": ("UPDATE articles_article SET title = %s WHERE title LIKE 'Em%%'", ["Emma!"]),
    "names": ("UPDATE articles_article SET title = %(title)s WHERE title LIKE 'Em%%'", {"title": "Emma!"}),
    "composed": (sql.SQL("UPDATE {} SET title = %s").format(sql.Identifier("articles_article")), ["Emma!"]),
    "lower case": ("\n  update articles_article set title = 'Emma!'", None),
    "comments": ("/* a\n%s */ -- b\n UPDATE articles_article SET title = 'Emma!'", None),
    "common table": ("WITH one AS (SELECT 1) UPDATE articles_article SET title = %s", ["Emma!"]),
}


@pytest.mark.parametrize("statement", RAW_SQL.values(), ids=RAW_SQL)
def test_raw_sql_of_any_form_carries_the_actor(empty_feed, read_feed, monkeypatch, statement):
    Article.objects.create(title="Emma")
    connection = connections["default"]
    monkeypatch.setattr(connection, "execute_wrappers", [*connection.execute_wrappers])
    context.note_context(connection)
    set_actor("100%s|é'")

    with connection.cursor() as cursor:
        cursor.execute(*statement)
    set_actor("")

    event = json.loads(read_feed().content)[-1]
    assert (event["data"]["title"], event["actor"]) == ("Emma!", "100%s|é'")


def test_reads_with_a_common_table_are_unchanged(empty_feed, monkeypatch):
    Article.objects.create(title="Emma")
    connection = connections["default"]
    monkeypatch.setattr(connection, "execute_wrappers", [*connection.execute_wrappers])
    context.note_context(connection)
    set_actor("auth0|7")

    found = []
    with transaction.atomic():
        for cursor in (connection.cursor(), connection.chunked_cursor()):
            with cursor:
                cursor.execute("WITH all_of AS (SELECT title FROM articles_article) SELECT * FROM all_of")
                found += cursor.fetchall()

    assert found == [("Emma",), ("Emma",)]


def test_without_auth_an_event_has_no_extension_members(read_feed):
    Article.objects.create(title="Emma")

    (event,) = json.loads(read_feed().content)
    assert [*event] == [
        *("specversion", "id", "source", "type", "subject", "time", "sequence", "datacontenttype", "data")
    ]
