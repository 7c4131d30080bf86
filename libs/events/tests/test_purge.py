from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db.models import F

from events.outbox.models import Event
from newsroom.articles.models import Article

pytestmark = pytest.mark.django_db


def test_the_command_deletes_what_is_replaced_and_old_deletions(capsys):
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
