from datetime import UTC, datetime

import pytest

from users.models import User

pytestmark = pytest.mark.django_db


def ids(response):
    assert response.status_code == 200, response.content
    return [user["id"] for user in response.json()["results"]]


@pytest.mark.parametrize("ordering", ["id", "-id", "name", "-name", "created_at", "-created_at"])
def test_pages_are_in_the_requested_order(api, make_user, ordering):
    for name in ("Grace", "Ada", "Ada"):
        make_user(name=name)
    tie_break = "-id" if ordering.startswith("-") else "id"
    expected = list(User.objects.order_by(ordering, tie_break).values_list("id", flat=True))

    first = api.get(f"/users?page_size=2&ordering={ordering}")
    second = api.get(first.json()["next"])

    assert ids(first) + ids(second) == expected
    assert second.json()["next"] is None


def test_search_covers_name_and_email(api, make_user):
    by_name, by_email = make_user(name="Grace Hopper"), make_user(email="hopper@navy.mil")
    make_user()

    assert ids(api.get("/users?search=HOPPER")) == [by_name.id, by_email.id]


def test_search_finds_the_parts_of_an_email_address(api, make_user):
    user = make_user(name="Grace", email="g.Hopper+navy@mil.example.com")
    make_user()

    for words in ["hopper", "navy grace", "mil", "g.hopper+navy@mil.example.com"]:
        assert ids(api.get("/users", {"search": words})) == [user.id]


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
        ("page_size=101", "page_size", "invalid_page_size"),
        ("cursor=forged", "cursor", "invalid_cursor"),
        ("ordering=email", "ordering", "invalid_ordering"),
        ("email=%00", "email", "null_characters_not_allowed"),
        ("id__in=1,x", "id__in", "invalid"),
        ("created_at__gte=2024-W01-1", "created_at__gte", "invalid"),
        ("ordering=name&search=ada", "ordering", "invalid_ordering"),
        ("ordering=name&created_at__gte=2026-01-01T00:00:00Z", "ordering", "invalid_ordering"),
        ("is_active=1", "is_active", "invalid"),
        ("nmae=Ada", "nmae", "unknown_parameter"),
    ],
)
def test_bad_parameter_is_named(api, query, field, code):
    response = api.get(f"/users?{query}")

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]
