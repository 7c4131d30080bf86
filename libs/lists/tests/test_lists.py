"""Pages, search, ordering and filters of lists."""

from datetime import UTC, datetime
from itertools import chain
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import ValidationError
from django.db import models

from library.books.models import Book
from lists.filters import IntegerFilter, StrictFilterSet

pytestmark = pytest.mark.django_db


def ids(response):
    assert response.status_code == 200, response.content
    return [book["id"] for book in response.json()["results"]]


def walk(api, address, link):
    """Follow ``link`` (next or previous) from ``address`` to the end; return the ids of each page and the last URL."""
    pages = []
    while address:
        response = api.get(address)
        pages.append(ids(response))
        last, address = address, response.json()[link]
    return pages, last


@pytest.mark.parametrize("ordering", ["id", "-id", "title", "-title", "created_at", "-created_at"])
@pytest.mark.parametrize("narrowed", ["", "&shelf=1"])
def test_pages_hold_every_row_once_in_order_despite_equal_values(api, make_book, ordering, narrowed):
    for number in range(11):
        make_book(title="Same" if number < 8 else "Other")
    Book.objects.filter(title="Same").update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    tie_break = "-id" if ordering.startswith("-") else "id"
    expected = list(Book.objects.order_by(ordering, tie_break).values_list("id", flat=True))

    forward, last = walk(api, f"/books?page_size=3&ordering={ordering}{narrowed}", "next")
    backward, _ = walk(api, last, "previous")

    assert [len(page) for page in forward] == [3, 3, 3, 2]
    assert list(chain(*forward)) == expected
    assert list(chain(*reversed(backward))) == expected


def test_inserted_and_deleted_rows_do_not_shift_pages(api, make_book):
    first, second, third = (make_book() for _ in range(3))
    page = api.get("/books?page_size=2")
    first.delete()
    fourth = make_book()

    following = api.get(page.json()["next"])

    assert ids(page)[1:] == [second.id]
    assert ids(following) == [third.id, fourth.id]


def test_short_list_is_one_page_without_links(api, make_book):
    make_book()

    page = api.get("/books").json()

    assert (page["next"], page["previous"]) == (None, None)


def test_links_keep_host_and_filters(api, make_book):
    for _ in range(2):
        make_book()

    page = api.get("/books?search=emma&page_size=1", headers={"host": "localhost:8081"})

    link = urlsplit(page.json()["next"])
    assert (link.netloc, link.path) == ("localhost:8081", "/books")
    assert "search=emma" in link.query


def test_page_size_is_fifty_by_default(api, make_book):
    for _ in range(51):
        make_book()

    assert len(ids(api.get("/books"))) == 50
    assert len(ids(api.get("/books?page_size=100"))) == 51


def test_search_covers_the_search_fields_of_the_view(api, make_book):
    by_title, by_isbn = make_book(title="Persuasion"), make_book(isbn="persuas")
    make_book()

    assert ids(api.get("/books?search=PERSUAS")) == [by_title.id, by_isbn.id]


@pytest.mark.parametrize("separator", [",", "&id__in="])
def test_id_in_looks_up_several_at_once(api, make_book, separator):
    books = [make_book() for _ in range(3)]
    wanted = separator.join(map(str, [books[2].id, books[0].id, 999999]))

    assert ids(api.get(f"/books?id__in={wanted}")) == [books[0].id, books[2].id]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", "a"),
        ("page_size", 1),
        ("ordering", "id"),
        ("search", "a"),
        ("created_at__gt", "2026-01-01T00:00:00Z"),
    ],
)
def test_parameter_with_one_value_must_not_be_repeated(api, name, value):
    response = api.get(f"/books?{name}={value}&{name}={value}")

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(name, "repeated_parameter")]


def test_bounds_of_a_field_determine_the_ordering(api, make_book):
    early, late = make_book(), make_book()
    Book.objects.filter(id=early.id).update(created_at=datetime(2027, 1, 2, tzinfo=UTC))
    Book.objects.filter(id=late.id).update(created_at=datetime(2027, 1, 1, tzinfo=UTC))
    bounded = "/books?created_at__gt=2027-01-01T00:00:00%2B01:00"

    assert ids(api.get(bounded)) == [late.id, early.id]
    assert ids(api.get(f"{bounded}&ordering=-created_at")) == [early.id, late.id]
    response = api.get(f"{bounded}&ordering=id")
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [
        ("ordering", "invalid_ordering")
    ]
    assert "bounds of created_at" in response.json()["errors"][0]["message"]


def test_empty_fields_of_the_filter_form_are_ignored(api, make_book):
    make_book(title="Emma")

    page = api.get("/books?title=Emma&shelf=&id__in=&created_at__gt=&created_at__lt=", headers={"accept": "text/html"})

    assert page.status_code == 200
    assert "Emma" in page.content.decode()


def test_datetimes_can_be_bounded_on_both_sides(api, make_book):
    books = [make_book() for _ in range(3)]
    for day, book in enumerate(books, 1):
        Book.objects.filter(id=book.id).update(created_at=datetime(2026, 1, day, tzinfo=UTC))

    assert ids(api.get("/books?created_at__gte=2026-01-02T00:00:00Z")) == [books[1].id, books[2].id]
    assert ids(api.get("/books?created_at__gt=2026-01-01T00:00:00Z&created_at__lt=2026-01-03T00:00:00Z")) == [
        books[1].id
    ]


def test_datetime_may_have_any_offset(api, make_book):
    book = make_book()

    # An offset that PostgreSQL does not accept, and two date-times that are out of range in UTC.
    response = api.get("/books?created_at__gt=2020-01-01T00:00:00-23:59&created_at__lt=2200-01-01T00:00:00%2B23:59")
    beyond = [
        api.get("/books?created_at__gt=0001-01-01T00:00:00%2B10:00"),
        api.get("/books?created_at__gt=9999-12-31T23:59:59-10:00"),
    ]

    assert ids(response) == [book.id]
    assert [response.json()["errors"][0]["code"] for response in beyond] == ["invalid", "invalid"]


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("page_size=abc", "page_size", "invalid_page_size"),
        ("page_size=0", "page_size", "invalid_page_size"),
        ("page_size=-1", "page_size", "invalid_page_size"),
        ("page_size=101", "page_size", "invalid_page_size"),
        ("page_size=", "page_size", "invalid_page_size"),
        ("page_size=²", "page_size", "invalid_page_size"),
        (f"page_size={'9' * 1000}", "page_size", "invalid_page_size"),
        ("cursor=forged", "cursor", "invalid_cursor"),
        ("cursor=cD0yMDI2", "cursor", "invalid_cursor"),
        ("cursor=", "cursor", "invalid_cursor"),
        ("cursor=%00", "cursor", "invalid_cursor"),
        ("cursor=%ED%A0%80", "cursor", "invalid_cursor"),
        ("ordering=password", "ordering", "invalid_ordering"),
        ("ordering=id,title", "ordering", "invalid_ordering"),
        ("search=%00", "search", "null_characters_not_allowed"),
        ("title=%00", "title", "null_characters_not_allowed"),
        ("shelf=x", "shelf", "invalid"),
        (f"shelf={2**63}", "shelf", "max_value"),
        (f"shelf={-(2**63) - 1}", "shelf", "min_value"),
        (f"id__in=1,{2**63}", "id__in", "max_value"),
        *((f"shelf={text}", "shelf", "invalid") for text in ["0.5", "1.0", "1_0", "\u0661", "0x1", "1e1", "+"]),
        ("id__in=1,x", "id__in", "invalid"),
        ("id__in=1.5", "id__in", "invalid"),
        ("id__in=1,1_0", "id__in", "invalid"),
        ("id__in=", "id__in", "invalid"),
        ("id__in=1&id__in=x", "id__in", "invalid"),
        (f"id__in={','.join(['1'] * 101)}", "id__in", "invalid"),
        (f"search={'a' * 101}", "search", "max_length"),
        ("search=a.b-c+d e/f_g,h i", "search", "too_many_words"),
        ("search=--", "search", "blank"),
        ("ordering=title&search=emma", "ordering", "invalid_ordering"),
        ("titel=Emma", "titel", "unknown_parameter"),
        ("title=Emma&titel=Emma&search=emma&page_size=2", "titel", "unknown_parameter"),
        ("created_at__gt__=2026-01-01T00:00:00Z", "created_at__gt__", "unknown_parameter"),
        ("created_at__gte=yesterday", "created_at__gte", "invalid"),
        *(
            (f"created_at__gte={text}", "created_at__gte", "invalid")
            for text in [
                *("", "1111111111111", "2024-W01-1", "2024-W01-1T00:00:00Z", "2024-01-01", "20240101T000000Z"),
                *("2024-01-01T00:00:00", "2024-01-01 00:00:00Z", "2024-01-01T00:00Z", "2024-01-01T24:00:00Z"),
                *("2024-01-01T00:00:00%2B0100", "2024-01-01T00:00:00%2B01", "2024-01-01T00:00:00+01:00"),
                *(
                    "2024-02-30T00:00:00Z",
                    "2024-01-01T00:00:60Z",
                    "%D9%A22024-01-01T00:00:00Z",
                    "2024-01-01T00:00:00,5Z",
                ),
            ]
        ),
    ],
    ids=lambda value: value[:30],
)
def test_bad_parameter_is_named(api, query, field, code):
    response = api.get(f"/books?{query}")

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]


def test_cursor_of_another_ordering_is_refused(api, make_book):
    make_book(), make_book()
    cursor = api.get("/books?page_size=1&ordering=title").json()["next"]

    response = api.get(cursor.replace("ordering=title", "ordering=-id"))

    assert response.json()["errors"][0]["code"] == "invalid_cursor"


@pytest.mark.parametrize("text", ["0.5", "1.0", "1_0"])
def test_filters_of_each_kind_of_integer_accept_only_digits(text):
    kinds = [kind for kind in StrictFilterSet.FILTER_DEFAULTS if issubclass(kind, models.IntegerField)]
    field = type("PagesFilter", (StrictFilterSet,), {"Meta": PagesMeta}).base_filters["pages"].field

    with pytest.raises(ValidationError):
        field.clean(text)

    assert {StrictFilterSet.FILTER_DEFAULTS[kind]["filter_class"] for kind in kinds} == {IntegerFilter}


class PagesMeta:
    model = Book
    fields = ["pages"]
