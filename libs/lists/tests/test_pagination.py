"""Keyset pagination and its restrictions."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db.models.functions import Length

from library.books.models import Book
from library.books.views import BookViewSet
from lists.pagination import KeysetPagination

pytestmark = pytest.mark.django_db


def test_list_is_ordered_by_its_key_without_an_ordering_filter(api, make_book, monkeypatch):
    monkeypatch.setattr(BookViewSet, "filter_backends", [])
    made = [make_book().pk for _ in range(3)]

    first = api.get("/books?page_size=2").json()
    second = api.get(first["next"]).json()

    assert [book["id"] for page in (first, second) for book in page["results"]] == made


def test_two_columns_are_refused(api, monkeypatch):
    monkeypatch.setattr(BookViewSet, "ordering", ["title", "id"])

    with pytest.raises(ImproperlyConfigured, match="one column"):
        api.get("/books")


def test_column_that_may_be_null_is_refused(api, monkeypatch):
    monkeypatch.setattr(Book._meta.get_field("created_at"), "null", True)

    with pytest.raises(ImproperlyConfigured, match="not null"):
        api.get("/books?ordering=created_at")


@pytest.mark.parametrize("listed", ["__all__", None])
@pytest.mark.parametrize("attribute", ["null", "generated"])  # a generated column may be null
def test_ordering_without_support_for_pagination_is_refused(api, monkeypatch, listed, attribute):
    monkeypatch.setattr(BookViewSet, "ordering_fields", listed)
    monkeypatch.setattr(BookViewSet, "queryset", Book.objects.annotate(length=Length("title")))
    monkeypatch.setattr(Book._meta.get_field("created_at"), attribute, True)

    for name in ("created_at", "length", "-created_at"):
        response = api.get(f"/books?ordering={name}")

        assert response.status_code == 400
        assert response.json()["errors"][0]["field"] == "ordering"
        assert "title, -title" in response.json()["errors"][0]["message"]
        assert "created_at" not in response.json()["errors"][0]["message"]
    assert api.get("/books?ordering=-title").status_code == 200


def test_list_without_a_page_size_is_not_paged(api, make_book, monkeypatch):
    monkeypatch.setattr(BookViewSet, "pagination_class", type("Unpaged", (KeysetPagination,), {"page_size": None}))
    made = [make_book().pk for _ in range(3)]

    assert [book["id"] for book in api.get("/books").json()] == made
    assert [book["id"] for book in api.get("/books?page_size=2").json()["results"]] == made[:2]


def test_page_size_is_unlimited_without_a_maximum(api, make_book, monkeypatch):
    monkeypatch.setattr(KeysetPagination, "max_page_size", None)
    make_book()

    assert len(api.get("/books?page_size=5000").json()["results"]) == 1
    assert api.get("/books?page_size=0").status_code == 400
