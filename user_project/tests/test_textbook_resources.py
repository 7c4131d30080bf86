"""Idioms of the documentation of Django, REST framework and django-filter work in a copy of the service.

Each test runs in process and under gunicorn, with ``ATOMIC_REQUESTS``; the copy is in ``textbook``.
"""

from functools import partial

import pytest

from users.models import User


def names(response):
    assert response.status == 200, response.content
    return [user["name"] for user in response.json["results"]]


@pytest.mark.parametrize("path", ["/owned", "/owner-filtered"])
def test_filter_backend_and_qs_of_a_filterset_guard_objects_and_lists(ask, ada, eve, path):
    as_ada = partial(ask, X_Owner="ada@example.com")

    assert names(as_ada("GET", path)) == ["Ada Lovelace"]
    assert names(as_ada("GET", f"{path}?search=example")) == ["Ada Lovelace"]
    assert as_ada("GET", f"{path}/{ada.pk}").status == 200
    statuses = [as_ada(method, f"{path}/{eve.pk}", {}).status for method in ("GET", "PUT", "PATCH", "DELETE")]
    assert statuses == [404] * 4
    assert User.objects.get(pk=eve.pk).name == "Eve"


def test_link_source_and_computed_field(ask, ada):
    read = ask("GET", f"/profiles/{ada.pk}").json
    listed = ask("GET", "/profiles?search=ada").json["results"]
    created = ask("POST", "/profiles", {"full_name": "Grace Hopper", "email": "grace@example.com"})
    changed = ask("PATCH", f"/profiles/{ada.pk}", {"full_name": "Ada"})
    refused = ask("PATCH", f"/profiles/{ada.pk}", {"full_name": "x" * 31, "name": "Ada"})

    assert read == {"url": read["url"], "full_name": "Ada Lovelace", "initials": "AL"}
    assert read["url"].endswith(f"/profiles/{ada.pk}")
    assert listed == [read]
    assert (created.status, created.json["initials"]) == (201, "GH")
    assert created.headers["Location"] == created.json["url"]
    assert (changed.status, changed.json["initials"]) == (200, "A")
    assert {error["code"] for error in refused.json["errors"]} == {"max_length", "unknown_field"}


def test_fields_can_be_chosen_for_each_request(ask, ada):
    assert ask("GET", f"/dynamic/{ada.pk}", X_Fields="id,name").json == {"id": ada.pk, "name": "Ada Lovelace"}
    assert ask("GET", "/dynamic?search=ada", X_Fields="email").json["results"] == [{"email": "ada@example.com"}]
    assert "created_at" in ask("GET", f"/dynamic/{ada.pk}").json
    assert ask("PATCH", f"/dynamic/{ada.pk}", {"email": "x@example.com"}, X_Fields="id,name").status == 400


def test_fields_and_their_arguments_can_depend_on_the_request(ask, ada):
    for _ in range(2):
        assert "email" in ask("GET", f"/context/{ada.pk}", X_Staff="yes").json
        assert "email" not in ask("GET", f"/context/{ada.pk}").json
        assert ask("PATCH", f"/context/{ada.pk}", {"name": "Augusta"}, X_Longest="3").status == 400
        assert ask("PATCH", f"/context/{ada.pk}", {"name": "Augusta"}).status == 200


def test_objects_can_be_looked_up_by_another_field(ask, ada):
    path = "/by-email/ada@example.com"

    assert ask("GET", path).json["id"] == ada.pk
    assert ask("PATCH", path, {"name": "Ada"}).json["name"] == "Ada"
    created = ask("POST", "/by-email", {"name": "O", "email": "o'neil@example.com"})
    assert created.headers["Location"].endswith("/by-email/o%27neil%40example.com")
    location = created.headers["Location"].partition("/by-email")[2]
    assert ask("GET", f"/by-email{location}").json == created.json
    assert ask("DELETE", path).status == 204
    assert ask("GET", path).status == 404


def test_lists_can_use_other_paginations(ask, ada, eve):
    page = ask("GET", "/pages?ordering=-id").json
    offset = ask("GET", "/offsets?limit=1&offset=1").json

    assert (page["count"], page["next"]) == (2, None)
    assert [user["name"] for user in page["results"]] == ["Eve", "Ada Lovelace"]
    assert [user["name"] for user in offset["results"]] == ["Eve"]


def test_rows_can_have_annotations(ask, ada):
    assert ask("GET", f"/annotated/{ada.pk}").json["length"] == 12
    assert ask("GET", "/annotated?search=ada").json["results"][0]["length"] == 12
    assert ask("PATCH", f"/annotated/{ada.pk}", {"name": "Ada"}).json["name"] == "Ada"
    assert ask("DELETE", f"/annotated/{ada.pk}").status == 204


def test_serializers_and_hooks_can_differ_by_action(ask, ada):
    path = f"/per-action/{ada.pk}"
    read = ask("GET", path)

    assert read.json["initials"] == "AL"
    assert ask("PATCH", path, {"name": "A"}, If_Match='"stale"').status == 412
    assert ask("PATCH", path, {"name": "A"}, If_Match=read.headers["ETag"]).json["name"] == "Updated"
    assert ask("DELETE", path, If_Match=read.headers["ETag"]).status == 412
    assert ask("DELETE", path).status == 204
    assert User.objects.get(pk=ada.pk).name == "Deleted"
    created = ask("POST", "/per-action", {"name": "G", "email": "g@example.com"})
    assert (created.status, created.json["name"]) == (201, "Created")
