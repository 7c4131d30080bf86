import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import DatabaseError, ProgrammingError, connection, connections, transaction
from django.db.backends.signals import connection_created
from django.db.migrations import Migration
from django.db.migrations.writer import MigrationWriter

from events.outbox import publish as publishing
from events.outbox.context import note_context
from events.outbox.models import Event, Feed
from newsroom.articles.models import Article


def events_of(article_id):
    return [
        (event.version, event.type.removeprefix("com.example.article."), event.data)
        for event in Event.objects.filter(subject=f"articles/{article_id}")
    ]


def changed(article_id, title, version):
    return (version, "changed.v1", {"id": article_id, "title": title, "version": version})


def run_sql(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


WRITES = {
    "save": lambda article: (setattr(article, "title", "Emma"), article.save()),
    "queryset": lambda article: Article.objects.filter(pk=article.pk).update(title="Emma"),
    "bulk": lambda article: (setattr(article, "title", "Emma"), Article.objects.bulk_update([article], ["title"])),
    "raw SQL": lambda article: run_sql("UPDATE articles_article SET title = 'Emma', version = 99"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_every_kind_of_write_makes_an_event(write):
    article = Article.objects.create(title="Ema", secret="not for others")

    write(article)

    assert events_of(article.pk) == [changed(article.pk, "Ema", 1), changed(article.pk, "Emma", 2)]


@pytest.mark.django_db
@pytest.mark.parametrize("delete", [lambda one: one.delete(), lambda one: Article.objects.all().delete()])
def test_a_deletion_makes_an_event_without_the_rows_content(delete):
    article = Article.objects.create(title="Emma")
    pk = article.pk

    delete(article)

    assert events_of(pk)[1:] == [(2, "deleted.v1", {"id": pk, "version": 2})]


@pytest.mark.django_db
def test_many_rows_at_once_make_an_event_each():
    articles = Article.objects.bulk_create(Article(title=f"Part {n}") for n in range(20))

    assert Event.objects.filter(subject__in=[f"articles/{one.pk}" for one in articles], version=1).count() == 20


@pytest.mark.django_db
def test_an_update_that_changes_nothing_makes_no_event():
    article = Article.objects.create(title="Emma")

    Article.objects.update(title="Emma")

    assert len(events_of(article.pk)) == 1


@pytest.mark.django_db
def test_a_transaction_that_is_rolled_back_leaves_no_event():
    with transaction.atomic():
        Article.objects.create(title="Emma")
        transaction.set_rollback(True)

    assert not Event.objects.exists()


@pytest.mark.django_db
def test_a_recreated_row_continues_its_versions():
    pk = Article.objects.create(title="Emma").pk
    Article.objects.all().delete()

    Article.objects.create(pk=pk, title="Emma again")

    assert [version for version, *_ in events_of(pk)] == [1, 2, 3]


@pytest.mark.django_db
def test_the_id_of_a_published_row_cannot_change():
    Article.objects.create(title="Emma")

    with pytest.raises(DatabaseError, match="id of a row of articles_article cannot change"):
        run_sql("UPDATE articles_article SET id = id + 1000")


@pytest.mark.django_db
def test_numbering_gives_positions_without_gaps_in_the_order_of_writes():
    for n in range(5):
        Article.objects.create(title=f"Part {n}")

    Event.objects.number(limit=3)
    first = [*Event.objects.values_list("position", flat=True)]
    Event.objects.number()

    assert first == [1, 2, 3, None, None]
    assert [*Event.objects.values_list("position", flat=True)] == [1, 2, 3, 4, 5]
    assert Feed.objects.get().head == 5


class Writer(threading.Thread):
    """Writes an article in another connection, and commits on request."""

    def __init__(self, title):
        super().__init__()
        self.title, self.written, self.commit = title, threading.Event(), threading.Event()
        self.start()
        assert self.written.wait(10)

    def run(self):
        with transaction.atomic():
            Article.objects.create(title=self.title)
            self.written.set()
            self.commit.wait(10)
        connections.close_all()

    def finish(self):
        self.commit.set()
        self.join(10)


@pytest.mark.usefixtures("empty_feed")
def test_writers_that_commit_in_reverse_order_are_numbered_as_they_commit():
    first, second = Writer("First"), Writer("Second")

    second.finish()
    Event.objects.number()
    first.finish()
    Event.objects.number()

    titles = Event.objects.order_by("position").values_list("data__title", flat=True)
    assert [*titles] == ["Second", "First"]


@pytest.mark.usefixtures("empty_feed")
def test_an_open_transaction_delays_its_own_events_only():
    writer = Writer("Late")
    Article.objects.create(title="Early")

    Event.objects.number()
    numbered = Event.objects.filter(position__gt=0).values_list("data__title", flat=True)

    assert [*numbered] == ["Early"]
    writer.finish()


@pytest.mark.usefixtures("empty_feed")
def test_processes_that_number_at_once_leave_no_gap_and_keep_the_order_of_versions():
    pks = [Article.objects.create(title="Part").pk for _ in range(4)]

    def work(number):
        for n in range(25):
            Article.objects.filter(pk=pks[(number + n) % 4]).update(title=f"{number}, {n}")
            Event.objects.number()
        connections.close_all()

    threads = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    Event.objects.number()

    found = [*Event.objects.order_by("position").values_list("position", "subject", "version")]
    assert [position for position, *_ in found] == [*range(1, 105)]
    for pk in pks:
        versions = [version for _, subject, version in found if subject == f"articles/{pk}"]
        assert versions == [*range(1, 27)]


def age(queryset, **ago):
    run_sql(
        "UPDATE outbox_event SET time = time - %s WHERE id = ANY (%s)",
        timedelta(**ago),
        [*queryset.values_list("id", flat=True)],
    )


@pytest.mark.django_db
def test_compaction_keeps_the_newest_event_of_each_subject_and_recent_events():
    old, young = Article.objects.create(title="Old"), Article.objects.create(title="Young")
    for article in (old, young):
        article.title += "!"
        article.save()
    Event.objects.number()
    age(Event.objects.filter(subject=f"articles/{old.pk}"), days=8)

    assert Event.objects.compact(timedelta(days=7), 100) == (1, 3)  # Old, Young, Old, Young

    assert [version for version, *_ in events_of(old.pk)] == [2]
    assert [version for version, *_ in events_of(young.pk)] == [1, 2]


@pytest.mark.django_db
def test_an_event_without_a_position_is_never_deleted():
    article = Article.objects.create(title="Emma")
    article.delete()
    age(Event.objects.all(), days=100)

    assert (Event.objects.compact(timedelta(days=7), 100), Event.objects.purge(100)) == ((0, None), 0)


@pytest.mark.django_db
def test_purging_records_the_last_purged_deletion():
    for title in ("Kept", "Gone"):
        Article.objects.create(title=title)
    Article.objects.filter(title="Gone").delete()
    Event.objects.number()
    age(Event.objects.all(), days=91)

    assert Event.objects.purge(100) == 0  # before compaction
    assert Event.objects.compact(timedelta(days=7), 100) == (1, 3)
    assert Event.objects.purge(100) == 1
    assert Feed.objects.get().purged_to == 3
    assert Event.objects.purge(100) == 0
    assert Feed.objects.get().purged_to == 3


@pytest.mark.django_db
def test_existing_rows_get_an_event_each(monkeypatch):
    monkeypatch.setattr(publishing, "BATCH_SIZE", 5)
    for n in range(12):
        Article.objects.create(title=f"Part {n}", **({"id": -7} if n == 0 else {}))
    Article.objects.filter(title="Part 3").update(title="Part 3!")
    Event.objects.exclude(data__title="Part 3!").delete()
    operation = publishing.publish_existing("articles_article", "articles", "com.example.article", ["id", "title"])

    for _ in range(2):
        operation.code(None, SimpleNamespace(connection=connection))

    found = sorted(Event.objects.values_list("data__title", "version"))
    assert found == sorted([(f"Part {n}", 1) for n in range(12) if n != 3] + [("Part 3!", 2)])


def test_migrations_with_existing_rows_can_be_squashed():
    operation = publishing.publish_existing("articles_article", "articles", "com.example.article", ["id", "title"])
    squashed = Migration("0001_squashed_0002", "articles")
    squashed.operations = [operation]
    written = {}

    exec(MigrationWriter(squashed).as_string(), written)

    [found] = written["Migration"].operations
    assert (found.code.func, found.code.keywords) == (operation.code.func, operation.code.keywords)


@pytest.mark.django_db
def test_metrics_report_unnumbered_events(client):
    Article.objects.create(title="Emma")
    before = client.get("/metrics").content.decode().splitlines()
    client.get("/events")

    after = client.get("/metrics").content.decode().splitlines()

    assert {"outbox_unnumbered_events 1.0", "outbox_head_position 0.0"} <= {*before}
    assert {"outbox_unnumbered_events 0.0", "outbox_head_position 1.0"} <= {*after}


def test_writes_carry_their_traces_only_while_tracing_is_on(monkeypatch):
    connected = []
    monkeypatch.setattr(connection_created, "connect", connected.append)

    apps.get_app_config("outbox").ready()
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    apps.get_app_config("outbox").ready()

    assert connected == [note_context]


def test_writes_carry_their_actors_with_auth(monkeypatch, settings):
    connected = []
    monkeypatch.setattr(connection_created, "connect", connected.append)
    settings.AUTH = True

    apps.get_app_config("outbox").ready()

    assert connected == [note_context]


@pytest.mark.django_db
def test_publication_that_is_removed_and_added_again_uses_new_versions():
    changed_before, unchanged = (Article.objects.create(title="Ema") for _ in range(2))
    Article.objects.filter(pk=changed_before.pk).update(title="Emma")
    operation = publishing.publish("articles_article", "articles", "com.example.article", ["id", "title"])

    run_sql(operation.reverse_sql)
    run_sql("UPDATE articles_article SET version = 1")  # as a column that is added again
    run_sql(operation.sql)
    Article.objects.update(title="Persuasion")

    assert [version for version, *_ in events_of(changed_before.pk)] == [1, 2, 4]
    assert [version for version, *_ in events_of(unchanged.pk)] == [1, 3]


@pytest.mark.django_db
def test_column_that_does_not_exist_cannot_be_published():
    operation = publishing.publish("articles_article", "articles", "com.example.article", ["id", "titel"])

    with pytest.raises(ProgrammingError, match="titel"):
        run_sql(operation.sql)


@pytest.mark.django_db
def test_later_migration_publishes_other_columns_and_can_be_reversed():
    article = Article.objects.create(title="Emma", secret="known")
    own = "articles_article", "articles", "com.example.article"
    operation = publishing.publish(*own, ["id", "secret"], replaces=["id", "title"])

    run_sql(operation.sql)
    Article.objects.update(title="Emma (1815)")
    run_sql(operation.reverse_sql)
    Article.objects.update(title="Emma (1816)")

    assert events_of(article.pk) == [
        changed(article.pk, "Emma", 1),
        (2, "changed.v1", {"id": article.pk, "secret": "known", "version": 2}),
        changed(article.pk, "Emma (1816)", 3),
    ]


@pytest.mark.django_db
def test_later_migration_cannot_publish_a_column_that_does_not_exist():
    own = "articles_article", "articles", "com.example.article"
    operation = publishing.publish(*own, ["id", "titel"], replaces=["id", "title"])

    with pytest.raises(ProgrammingError, match="titel"):
        run_sql(operation.sql)


@pytest.mark.django_db
def test_columns_of_a_table_that_is_not_published_cannot_be_replaced():
    own = "articles_article", "articles", "com.example.article"
    run_sql(publishing.publish(*own, ["id", "title"]).reverse_sql)

    with pytest.raises(ProgrammingError, match="outbox_version"):
        run_sql(publishing.publish(*own, ["id", "secret"], replaces=["id", "title"]).sql)


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["RENAME COLUMN title TO name", "DROP COLUMN title"])
def test_migrate_fails_if_a_published_column_is_gone_until_others_are_published(change):
    run_sql(f"ALTER TABLE articles_article {change}")
    own = "articles_article", "articles", "com.example.article"

    with pytest.raises(CommandError, match="articles_article contain the column 'title'"):
        call_command("migrate", verbosity=0)
    run_sql(publishing.publish(*own, ["id", "secret"], replaces=["id", "title"]).sql)
    call_command("migrate", verbosity=0)


@pytest.mark.django_db
def test_column_with_a_reserved_name_is_published():
    run_sql('ALTER TABLE articles_article ADD COLUMN "order" int NOT NULL DEFAULT 3')
    operation = publishing.publish("articles_article", "articles", "com.example.article", ["id", "order"])

    run_sql("DROP TRIGGER outbox_version ON articles_article; DROP TRIGGER outbox_publish ON articles_article")
    run_sql(operation.sql)
    run_sql("INSERT INTO articles_article (title, secret) VALUES ('Emma', '')")

    assert Event.objects.get().data["order"] == 3
