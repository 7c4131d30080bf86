from datetime import UTC, datetime
from itertools import chain
from urllib.parse import urlsplit

import pytest

from users.models import User

pytestmark = pytest.mark.django_db


def ids(answer):
    assert answer.status_code == 200, answer.content
    return [user["id"] for user in answer.json()["results"]]


def walk(api, address, link):
    """Follow ``link`` (next or previous) from ``address`` to the end; the pages' ids, and the last address."""
    pages = []
    while address:
        answer = api.get(address)
        pages.append(ids(answer))
        last, address = address, answer.json()[link]
    return pages, last


@pytest.mark.parametrize("ordering", ["id", "-id", "name", "-name", "created_at", "-created_at"])
def test_pages_hold_every_row_once_in_order_also_where_values_are_equal(api, make_user, ordering):
    for number in range(11):
        make_user(name="Same" if number < 8 else "Other")
    User.objects.filter(name="Same").update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    tie_break = "-id" if ordering.startswith("-") else "id"
    expected = list(User.objects.order_by(ordering, tie_break).values_list("id", flat=True))

    forward, last = walk(api, f"/users?page_size=3&ordering={ordering}", "next")
    backward, _ = walk(api, last, "previous")

    assert [len(page) for page in forward] == [3, 3, 3, 2]
    assert list(chain(*forward)) == expected
    assert list(chain(*reversed(backward))) == expected


def test_rows_that_come_and_go_between_pages_shift_nothing(api, make_user):
    first, second, third = (make_user() for _ in range(3))
    page = api.get("/users?page_size=2")
    first.delete()
    fourth = make_user()

    following = api.get(page.json()["next"])

    assert ids(page)[1:] == [second.id]
    assert ids(following) == [third.id, fourth.id]


def test_short_list_is_one_page_without_links(api, make_user):
    make_user()

    answer = api.get("/users").json()

    assert (answer["next"], answer["previous"]) == (None, None)


def test_links_keep_host_and_filters(api, make_user):
    for _ in range(2):
        make_user(name="Ada")

    answer = api.get("/users?search=ada&page_size=1", headers={"host": "localhost:8081"})

    link = urlsplit(answer.json()["next"])
    assert (link.netloc, link.path) == ("localhost:8081", "/users")
    assert "search=ada" in link.query


def test_page_size_is_fifty_unless_told(api, make_user):
    for _ in range(51):
        make_user()

    assert len(ids(api.get("/users"))) == 50
    assert len(ids(api.get("/users?page_size=100"))) == 51


def test_search_looks_into_name_and_email(api, make_user):
    by_name, by_email = make_user(name="Grace Hopper"), make_user(email="hopper@navy.mil")
    make_user()

    assert ids(api.get("/users?search=HOPPER")) == [by_name.id, by_email.id]


def test_email_filter_disregards_case(api, make_user):
    ada = make_user(email="Ada.Á@example.com")
    make_user()

    assert ids(api.get("/users", {"email": "ada.á@EXAMPLE.com"})) == [ada.id]


def test_id_in_looks_up_several_at_once(api, make_user):
    users = [make_user() for _ in range(3)]

    assert ids(api.get(f"/users?id__in={users[2].id},{users[0].id},999999")) == [users[0].id, users[2].id]


def test_created_at_can_be_bounded_on_both_sides(api, make_user):
    users = [make_user() for _ in range(3)]
    for day, user in enumerate(users, 1):
        User.objects.filter(id=user.id).update(created_at=datetime(2026, 1, day, tzinfo=UTC))

    assert ids(api.get("/users?created_at__gte=2026-01-02T00:00:00Z")) == [users[1].id, users[2].id]
    assert ids(api.get("/users?created_at__gt=2026-01-01T00:00:00Z&created_at__lt=2026-01-03T00:00:00Z")) == [
        users[1].id
    ]


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("page_size=abc", "page_size", "invalid_page_size"),
        ("page_size=0", "page_size", "invalid_page_size"),
        ("page_size=101", "page_size", "invalid_page_size"),
        ("page_size=²", "page_size", "invalid_page_size"),
        ("cursor=forged", "cursor", "invalid_cursor"),
        ("cursor=%00", "cursor", "invalid_cursor"),
        ("ordering=password", "ordering", "invalid_ordering"),
        ("ordering=id,name", "ordering", "invalid_ordering"),
        ("search=%00", "search", "null_characters_not_allowed"),
        ("email=%00", "email", "null_characters_not_allowed"),
        ("id__in=1,x", "id__in", "invalid"),
        ("id__in=1.5", "id__in", "invalid"),
        ("created_at__gte=yesterday", "created_at__gte", "invalid"),
    ],
)
def test_bad_parameter_is_named(api, query, field, code):
    answer = api.get(f"/users?{query}")

    assert answer.status_code == 400
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]


def test_instant_is_read_in_any_offset(api, make_user):
    user = make_user()

    # One that PostgreSQL itself does not read, and two that lie outside of the calendar in UTC.
    answer = api.get(
        "/users?created_at__gt=2020-01-01T00:00:00-23:59&created_at__lt=2200-01-01T00:00:00%2B23:59"
    )
    beyond = [
        api.get("/users?created_at__gt=0001-01-01T00:00:00%2B10:00"),
        api.get("/users?created_at__gt=9999-12-31T23:59:59-10:00"),
    ]

    assert ids(answer) == [user.id]
    assert [response.json()["errors"][0]["code"] for response in beyond] == ["invalid", "invalid"]


def test_cursor_of_another_ordering_is_refused(api, make_user):
    make_user(), make_user()
    cursor = api.get("/users?page_size=1&ordering=name").json()["next"]

    answer = api.get(cursor.replace("ordering=name", "ordering=-id"))

    assert answer.json()["errors"][0]["code"] == "invalid_cursor"
