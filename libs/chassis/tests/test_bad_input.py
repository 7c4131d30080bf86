"""Bad input gets a 4xx problem that names the error, and changes nothing."""

import json

import pytest

from library.books.models import Book

pytestmark = pytest.mark.django_db

EMMA = {"title": "Emma", "isbn": "9780141439587"}


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"title": ...}, "title", "required"),
        ({"title": ""}, "title", "blank"),
        ({"title": " \t "}, "title", "blank"),
        ({"title": None}, "title", "null"),
        ({"title": 7}, "title", "invalid"),
        ({"title": True}, "title", "invalid"),
        ({"title": ["Emma"]}, "title", "invalid"),
        ({"title": {"text": "Emma"}}, "title", "invalid"),
        ({"title": "x" * 201}, "title", "max_length"),
        ({"title": "a\0b"}, "title", "null_characters_not_allowed"),
        ({"title": "\ud800"}, "title", "surrogate_characters_not_allowed"),
        ({"contact": "no address"}, "contact", "invalid"),
        ({"contact": 7}, "contact", "invalid"),
        ({"contact": {"at": "example.com"}}, "contact", "invalid"),
        ({"contact": "john\0@example.com"}, "contact", "null_characters_not_allowed"),
        ({"contact": f"{'x' * 243}@example.com"}, "contact", "max_length"),
        ({"pages": "7"}, "pages", "invalid"),
        ({"pages": 7.0}, "pages", "invalid"),
        ({"pages": 7.5}, "pages", "invalid"),
        ({"pages": True}, "pages", "invalid"),
        ({"pages": [7]}, "pages", "invalid"),
        ({"pages": None}, "pages", "null"),
        ({"pages": -1}, "pages", "min_value"),
        ({"shelf": "7"}, "shelf", "invalid"),
        ({"shelf": 2**63}, "shelf", "max_value"),
        ({"shelf": -(2**70)}, "shelf", "min_value"),
        ({"colour": "red"}, "colour", "unknown_field"),
        ({"\ud800": 1}, "\\ud800", "unknown_field"),
        ({"x" * 500: 1}, "x" * 200 + "…", "unknown_field"),
    ],
    ids=str,
)
def test_bad_field_is_named_with_the_reason(api, change, field, code):
    book = {name: value for name, value in (EMMA | change).items() if value is not ...}

    response = api.post("/books", json.dumps(book), content_type="application/json")

    assert response.status_code == 400
    problem = response.json()
    assert {error["field"] for error in problem["errors"]} == {field}
    assert code in {error["code"] for error in problem["errors"]}
    assert all(error["message"] for error in problem["errors"])
    assert field in problem["detail"]
    assert not Book.objects.exists()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"title": "Emma",}', "parse_error"),
        (b'{"title":', "parse_error"),
        (b'{"title": "\xff"}', "parse_error"),
        (b'{"title": NaN}', "parse_error"),
        (b'{"pages": 1%s}' % (b"0" * 5000), "parse_error"),
        (b"[" * 100_000, "parse_error"),
        (b"null", "invalid"),
        (b"[]", "invalid"),
        (b'"text"', "invalid"),
        (b"7", "invalid"),
        (b"true", "invalid"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_body_that_is_not_an_object_is_a_problem(api, body, code):
    response = api.post("/books", body, content_type="application/json")

    assert (response.status_code, response.json()["type"]) == (400, f"urn:problem:{code}")


def test_error_in_the_whole_body_has_no_field(api):
    response = api.post("/books", b"[]", content_type="application/json")

    assert [error["field"] for error in response.json()["errors"]] == [None]
    assert "the body" in response.json()["detail"]


def test_text_of_the_maximum_length_is_accepted(api):
    response = api.post("/books", EMMA | {"title": "\N{GRINNING FACE}" * 200}, format="json")

    assert response.status_code == 201


def test_text_is_trimmed(api):
    created = api.post("/books", EMMA | {"title": "  Emma "}, format="json")

    assert created.json()["title"] == "Emma"


def test_duplicate_of_a_unique_value_is_refused(api, make_book):
    make_book(isbn=EMMA["isbn"])

    response = api.post("/books", EMMA, format="json")

    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [("isbn", "unique")]


def test_errors_of_unknown_and_known_fields_are_reported_together_and_limited(api):
    response = api.post("/books", {"title": ""} | {f"field{n}": n for n in range(1000)}, format="json")

    errors = response.json()["errors"]
    assert {"title", "isbn", "field0"} <= {error["field"] for error in errors}
    assert len(errors) == 20


@pytest.mark.parametrize("name", ["id", "created_at"])
def test_read_only_field_is_ignored(api, name):
    created = api.post("/books", EMMA | {name: "ignored"}, format="json")

    assert created.status_code == 201
    assert created.json()[name] != "ignored"


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "application/octet-stream", "rubbish"])
def test_other_media_types_are_refused(api, media_type):
    response = api.generic("POST", "/books", b"{}", content_type=media_type)

    assert (response.status_code, response.json()["type"]) == (415, "urn:problem:unsupported_media_type")
    assert media_type in response.json()["detail"]


def test_invalid_change_is_not_saved(api, make_book):
    book = make_book(title="Emma")

    response = api.patch(f"/books/{book.id}", {"title": "Persuasion", "pages": -1}, format="json")

    assert response.status_code == 400
    book.refresh_from_db()
    assert book.title == "Emma"
