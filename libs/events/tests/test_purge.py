from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db.models import F

from events.outbox.models import Event
from events.outbox.purge import Purge
from newsroom.articles.models import Article

pytestmark = pytest.mark.django_db


def test_the_command_deletes_replaced_events_and_old_deletions(capsys):
    kept, changed = Article.objects.create(title="Emma"), Article.objects.create(title="Persuasion")
    for number in range(3):
        Article.objects.filter(pk=changed.pk).update(title=f"Persuasion {number}")
    Article.objects.create(title="Gone").delete()
    Event.objects.number()
    Event.objects.update(time=F("time") - timedelta(days=91))

    call_command("purge_events", "--batch-size", "2")

    left = Event.objects.values_list("subject", "version")
    assert [*left] == [(f"articles/{kept.pk}", 1), (f"articles/{changed.pk}", 4)]
    assert capsys.readouterr().out == "5 events deleted.\n"


def test_each_batch_continues_where_the_last_one_ended(django_assert_num_queries):
    articles = [Article.objects.create(title="Part") for _ in range(10)]
    for article in articles[5:]:
        Article.objects.filter(pk=article.pk).update(title="Chapter")
    Event.objects.number()
    Event.objects.update(time=F("time") - timedelta(days=8))
    purge = Purge(batch_size=5)

    with django_assert_num_queries(5):  # 15 events, the end, and deletions
        while purge.run():
            pass

    assert purge.deleted == 5
    assert Event.objects.count() == 10


def test_a_finished_purge_starts_again_from_the_beginning(django_assert_num_queries):
    purge, article = Purge(), Article.objects.create(title="Emma")
    while purge.run():
        pass
    Article.objects.filter(pk=article.pk).update(title="Persuasion")
    Event.objects.number()
    Event.objects.update(time=F("time") - timedelta(days=8))

    while purge.run():
        pass

    assert purge.deleted == 1
