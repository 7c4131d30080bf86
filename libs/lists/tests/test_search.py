"""Search for words, and its cost: it reads by one of two indexes."""

from itertools import chain

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.filters import SearchFilter

from library.books.models import Book
from library.books.views import BookViewSet
from lists.pagination import KeysetPagination

pytestmark = pytest.mark.django_db


def titles(response):
    assert response.status_code == 200, response.content
    return [book["title"] for book in response.json()["results"]]


@pytest.mark.parametrize("windows", [[0], [8, 100]])
@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("lovelace", True),
        ("LOVE", True),
        ("love ada", True),
        ("ada.lovelace@example.com", True),
        ('"ada, lovelace"', True),
        ("ÉTÉ", True),
        ("o'hara", True),
        ("100%", True),
        ("c#", True),
        ("c", False),
        ("^c|x", False),
        (r"(a\d.)*", False),
        ("velace", False),
        ("ada absent", False),
        ("lo", False),
        ("by", True),
        ("1.5", True),
        ("2024-01", True),
        ("[ada]", False),
        ("%", False),
        ("a_a", False),
    ],
)
def test_each_search_term_begins_a_word_of_the_text(api, make_book, monkeypatch, search, found, windows):
    monkeypatch.setattr(KeysetPagination, "search_windows", windows)
    title = "By Ada.Lovelace@Example.com, été O'Hara C# 100% 1.5 2024-01-31"
    make_book(title=title)
    make_book(title="Emma")

    assert titles(api.get("/books", {"search": search, "page_size": 1})) == ([title] if found else [])


@pytest.mark.parametrize("ordering", ["id", "-id", "created_at", "-created_at"])
@pytest.mark.parametrize("windows", [[0], [1], [1, 2], [8, 100]])
@pytest.mark.parametrize("narrowed", ["", "&shelf=1", "&created_at__gt=2020-01-01T00:00:00Z"])
def test_pages_of_a_search_hold_every_match_once_in_order(api, make_book, monkeypatch, ordering, windows, narrowed):
    if narrowed.startswith("&created") and "id" in ordering:
        return
    monkeypatch.setattr(KeysetPagination, "search_windows", windows)
    for number in range(20):
        make_book(title="Emma" if number % 3 else "Persuasion")
    Book.objects.filter(pk__gte=Book.objects.order_by("pk")[8].pk).update(
        created_at="2026-01-01T00:00Z"
    )  # equal values
    sign = "-" if ordering.startswith("-") else ""
    expected = list(Book.objects.filter(title="Emma").order_by(ordering, f"{sign}pk").values_list("pk", flat=True))

    pages, address, last = [], f"/books?search=emma&page_size=3&ordering={ordering}{narrowed}", ""
    while address:
        page, last = api.get(address).json(), address
        pages, address = [*pages, [book["id"] for book in page["results"]]], page["next"]
    back, address = [], last
    while address:
        page = api.get(address).json()
        back, address = [[book["id"] for book in page["results"]], *back], page["previous"]

    assert list(chain(*pages)) == expected
    assert list(chain(*back)) == expected


def plans(api, address):
    """Return PostgreSQL's plan of each read of a search, under the settings that the search makes."""
    with CaptureQueriesContext(connection) as queries:
        response = api.get(address)
    assert response.status_code == 200, response.content
    found = []
    with connection.cursor() as cursor:
        for query in queries.captured_queries:
            sql = query["sql"].replace("%", "%%")
            if "books_book" in sql:
                cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", [])
                found.append(cursor.fetchone()[0][0]["Plan"])
            elif "set_config" in sql:
                cursor.execute(sql, [])
    return found


def nodes(plan):
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


INSERT = """
    INSERT INTO books_book (title, isbn, contact, pages, shelf, created_at, updated_at)
    SELECT CASE WHEN n %% 2 = 0 THEN 'Emma' ELSE 'Persuasion' END || CASE WHEN n %% 100 = 0 THEN ' signed' ELSE '' END,
        n, '', 1, 1 + n %% 10, timestamptz '2026-01-01' + n * interval '1 second', now()
    FROM generate_series(1, 5000) n
"""


@pytest.fixture
def many_books(db):
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [])
        cursor.execute("ANALYZE books_book")


@pytest.mark.parametrize(
    "words", ["emma", "signed", "absent", "emma signed", "emma absent", "signed persuasion", "ma"]
)
@pytest.mark.parametrize("narrowed", ["ordering=-id", "ordering=created_at", "created_at__lt=2026-01-01T01:20:00Z"])
def test_search_reads_a_part_of_the_list_or_its_matches(api, many_books, words, narrowed):
    for plan in plans(api, f"/books?page_size=1&search={words}&{narrowed}"):
        kinds = {node["Node Type"] for node in nodes(plan)}
        read = [
            node["Actual Rows"] * node["Actual Loops"] + node.get("Rows Removed by Filter", 0)
            for node in nodes(plan)
            if node["Node Type"] != "Bitmap Index Scan"  # it counts dead rows of other tests
        ]

        assert "Seq Scan" not in kinds
        assert max(read) <= 100 * 2 + 1


def test_search_for_few_rows_reads_few_others(api, many_books):
    ends, first, by_index = plans(api, "/books?page_size=1&search=signed&ordering=id")

    assert ends["Actual Rows"] == 1
    assert [node["Index Name"] for node in nodes(first) if "Index Name" in node] == ["books_book_pkey"]
    assert sum(node.get("Rows Removed by Filter", 0) for node in nodes(first)) <= 8 * 2
    assert [node["Index Name"] for node in nodes(by_index) if "Index Name" in node] == ["book_search"]
    assert not any("Filter" in node for node in nodes(by_index))  # the index alone decides


def test_fields_without_the_prefix_are_searched_as_documented(api, make_book, monkeypatch):
    monkeypatch.setattr(BookViewSet, "search_fields", ["title", "=isbn"])
    make_book(title="Persuasion", isbn="1")

    assert titles(api.get("/books?search=suasi")) == ["Persuasion"]
    assert titles(api.get("/books?search=1")) == ["Persuasion"]


def test_search_works_with_other_pages_and_in_other_actions(api, make_book, monkeypatch):
    book, other = make_book(title="Emma"), make_book(title="Persuasion")
    assert api.get(f"/books/{book.pk}?search=emma").status_code == 200
    assert api.get(f"/books/{other.pk}?search=emma").status_code == 404

    monkeypatch.setattr(BookViewSet, "pagination_class", None)
    assert [one["title"] for one in api.get("/books?search=emma").json()] == ["Emma"]


def test_search_filter_of_rest_framework_can_be_used_instead(api, make_book, monkeypatch):
    monkeypatch.setattr(BookViewSet, "filter_backends", [SearchFilter])
    monkeypatch.setattr(BookViewSet, "search_fields", ["title"])
    make_book(title="Persuasion")

    assert titles(api.get("/books?search=suasi")) == ["Persuasion"]
