from datetime import UTC, datetime

import pytest

from widgets.models import Widget

pytestmark = pytest.mark.django_db


def ids(response):
    assert response.status_code == 200, response.content
    return [widget["id"] for widget in response.json()["results"]]


@pytest.mark.parametrize("slash", ["", "/"])
def test_created_widget_is_returned_and_found_at_its_location(api, slash):
    created = api.post(f"/widgets{slash}", {"name": " First "}, format="json")

    assert created.status_code == 201
    assert created.json().keys() == {"id", "name", "created_at", "updated_at"}
    assert created.json()["name"] == "First"
    found = api.get(created["Location"] + slash)
    assert (found.status_code, found.json()) == (200, created.json())


def test_patch_changes_only_what_was_sent(api, make_widget):
    widget = make_widget()

    patched = api.patch(f"/widgets/{widget.id}", {"name": "Changed"}, format="json")

    assert patched.status_code == 200
    widget.refresh_from_db()
    assert widget.name == "Changed"
    assert widget.updated_at > widget.created_at


def test_deleted_widget_is_gone(api, make_widget):
    widget = make_widget()

    deleted = api.delete(f"/widgets/{widget.id}")

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert api.get(f"/widgets/{widget.id}").json()["type"] == "urn:problem:not_found"


def test_widgets_are_searched_ordered_and_filtered(api, make_widget):
    first, second = make_widget(name="First"), make_widget(name="Second")
    Widget.objects.filter(id=first.id).update(created_at=datetime(2026, 1, 1, tzinfo=UTC))

    assert ids(api.get("/widgets?search=SECOND")) == [second.id]
    assert ids(api.get("/widgets?ordering=-name")) == [second.id, first.id]
    assert ids(api.get("/widgets?name=First")) == [first.id]
    assert ids(api.get(f"/widgets?id__in={second.id},999999")) == [second.id]
    assert ids(api.get("/widgets?created_at__lt=2026-01-02T00:00:00Z")) == [first.id]


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "x" * 201}, {"name": None}, {"name": "a\0"}])
def test_bad_name_is_named_in_the_problem(api, body):
    response = api.post("/widgets", body, format="json")

    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert [error["field"] for error in response.json()["errors"]] == ["name"]
