"""Statements that are put together once are used where they say the same as Django's would, and only there."""

import pytest
from django.db.models import Prefetch, Value

from chassis.rest.rows import converts_values, is_whole_table
from library.books.models import Book

EVERYTHING = Book.objects.all()
PARTS = {
    "filtered": EVERYTHING.filter(pk=1),
    "excluded": EVERYTHING.exclude(pk=1),
    "none": Book.objects.none(),
    "sliced": EVERYTHING[:5],
    "distinct": EVERYTHING.distinct(),
    "united": EVERYTHING.union(EVERYTHING),
    "annotated": EVERYTHING.annotate(one=Value(1)),
    "extra": EVERYTHING.extra(select={"one": "1"}),
    "joined": EVERYTHING.select_related(),
    "deferred": EVERYTHING.defer("title"),
    "only": EVERYTHING.only("title"),
    "prefetched": EVERYTHING.prefetch_related(Prefetch("nothing")),
    "values": EVERYTHING.values("title"),
    "elsewhere": EVERYTHING.using("replica"),
    "locked": EVERYTHING.select_for_update(),
}


@pytest.mark.parametrize("queryset", [EVERYTHING, EVERYTHING.order_by("title"), Book.objects.reverse()])
def test_whole_table(queryset):
    assert is_whole_table(queryset)


@pytest.mark.parametrize("kind", PARTS)
def test_less_or_more_than_a_table(kind):
    assert not is_whole_table(PARTS[kind])


@pytest.mark.django_db
@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("ordering", ["id", "-id", "created_at", "-created_at"])
def test_pages_of_a_table_and_of_a_part_are_alike(api, make_book, size, ordering):
    made = [make_book().pk for _ in range(5)]

    lists = [
        _walk(api, f"/books?page_size={size}&ordering={ordering}{narrowed}")
        for narrowed in ("", "&search=emma")
    ]

    assert lists[0] == lists[1]
    assert [book["id"] for book in lists[0]] == sorted(made, reverse=ordering.startswith("-"))


@pytest.mark.django_db
def test_field_that_converts_what_the_database_returns_does_so(api, make_book, monkeypatch):
    book, field = make_book(title="Emma"), Book._meta.get_field("title")
    monkeypatch.setattr(field, "from_db_value", lambda value, *_: value.upper(), raising=False)
    monkeypatch.delattr(field, "cached_col", raising=False)
    converts_values.cache_clear()

    title = api.get(f"/books/{book.pk}").json()["title"]

    converts_values.cache_clear()
    assert title == "EMMA"


def _walk(api, address):
    """Return all rows, and see that the way back leads over the same ones."""
    pages = []
    while address:
        page = api.get(address).json()
        pages.append(page["results"])
        address, previous = page["next"], page["previous"]
    for expected in reversed(pages[:-1]):
        page = api.get(previous).json()
        assert page["results"] == expected
        previous = page["previous"]
    return [row for page in pages for row in page]
