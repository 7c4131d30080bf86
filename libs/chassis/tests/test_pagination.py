"""What pages by key cannot do is said."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from users.models import User
from users.views import UserViewSet

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("ordering", ["id", "-id", "created_at", "-created_at"])
def test_pages_hold_every_row_once_both_ways(api, make_user, size, ordering):
    made = [make_user().pk for _ in range(5)]
    pages, address = [], f"/users?page_size={size}&ordering={ordering}"
    while address:
        page = api.get(address).json()
        pages.append(page["results"])
        address, previous = page["next"], page["previous"]

    assert [user["id"] for page in pages for user in page] == sorted(made, reverse=ordering.startswith("-"))
    for expected in reversed(pages[:-1]):
        page = api.get(previous).json()
        assert page["results"] == expected
        previous = page["previous"]


def test_list_is_ordered_by_its_key_without_an_ordering_filter(api, make_user, monkeypatch):
    monkeypatch.setattr(UserViewSet, "filter_backends", [])
    made = [make_user().pk for _ in range(3)]

    first = api.get("/users?page_size=2").json()
    second = api.get(first["next"]).json()

    assert [user["id"] for page in (first, second) for user in page["results"]] == made


def test_two_columns_are_refused(api, monkeypatch):
    monkeypatch.setattr(UserViewSet, "ordering", ["name", "id"])

    with pytest.raises(ImproperlyConfigured, match="one column"):
        api.get("/users")


def test_column_that_may_be_null_is_refused(api, monkeypatch):
    monkeypatch.setattr(User._meta.get_field("created_at"), "null", True)

    with pytest.raises(ImproperlyConfigured, match="not null"):
        api.get("/users?ordering=created_at")
