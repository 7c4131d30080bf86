"""The subscription of the tests."""

from events.inbox.subscription import Subscription, ids_of
from newsroom.articles.models import Copy

CHANGED, DELETED = "com.example.article.changed.v1", "com.example.article.deleted.v1"


def apply(events, reading):
    for event in events:
        data = event["data"]
        if data.get("title") == "poison":
            raise ValueError("poisonous")
        copy = Copy.objects.filter(pk=data["id"]).first()
        if copy and copy.epoch == reading.epoch and copy.version >= data["version"]:
            Copy.objects.filter(pk=copy.pk).update(generation=reading.generation)
            continue
        Copy.objects.update_or_create(
            article_id=data["id"],
            defaults={
                "title": data.get("title", ""),
                "version": data["version"],
                "epoch": reading.epoch,
                "generation": reading.generation,
                "is_deleted": event["type"] == DELETED,
            },
        )


def sweep(reading, unapplied):
    unseen = Copy.objects.filter(generation__lt=reading.generation)
    unseen.exclude(pk__in=ids_of(unapplied)).update(is_deleted=True)


articles = Subscription(
    feed="newsroom",
    url=lambda: "http://127.0.0.1:1/events",  # tests that need another one replace it
    types=frozenset({CHANGED, DELETED}),
    apply=apply,
    sweep=sweep,
    stream="articles",
)
