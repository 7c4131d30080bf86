import json

import pytest

from users.models import User

pytestmark = pytest.mark.django_db

GOOD = {"name": "John", "email": "john@example.com"}


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"name": ""}, "name", "blank"),
        ({"name": "   "}, "name", "blank"),
        ({"name": None}, "name", "null"),
        ({"name": 7}, "name", "invalid"),
        ({"name": True}, "name", "invalid"),
        ({"name": ["John"]}, "name", "invalid"),
        ({"name": "x" * 201}, "name", "max_length"),
        ({"name": "a\0b"}, "name", "null_characters_not_allowed"),
        ({"name": "\ud800"}, "name", "surrogate_characters_not_allowed"),
        ({"email": "nobody"}, "email", "invalid"),
        ({"email": 7}, "email", "invalid"),
        ({"email": "x" * 250 + "@b.co"}, "email", "max_length"),
        ({"nickname": "Johnny"}, "nickname", "unknown_field"),
        ({"\ud800": 1}, "\\ud800", "unknown_field"),
        ({"x" * 500: 1}, "x" * 200 + "…", "unknown_field"),
    ],
)
def test_bad_field_is_named_with_the_reason(api, change, field, code):
    answer = api.post("/users", json.dumps(GOOD | change), content_type="application/json")

    assert answer.status_code == 400
    assert (field, code) in [(error["field"], error["code"]) for error in answer.json()["errors"]]
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"name":', "parse_error"),
        (b"\xff", "parse_error"),
        (b'{"name": NaN}', "parse_error"),
        (b"[" * 100_000, "parse_error"),
        (b"null", "invalid"),
        (b"[]", "invalid"),
        (b'"text"', "invalid"),
        (b"7", "invalid"),
    ],
)
def test_body_that_is_no_object_is_a_problem(api, body, code):
    answer = api.post("/users", body, content_type="application/json")

    assert (answer.status_code, answer.json()["type"]) == (400, f"urn:problem:{code}")


def test_two_hundred_characters_are_a_name(api):
    answer = api.post("/users", GOOD | {"name": "\N{GRINNING FACE}" * 200}, format="json")

    assert answer.status_code == 201


def test_errors_of_unknown_and_known_fields_come_together_and_are_bounded(api):
    answer = api.post("/users", {"name": ""} | {f"field{n}": n for n in range(1000)}, format="json")

    errors = answer.json()["errors"]
    assert {"name", "email", "field0"} <= {error["field"] for error in errors}
    assert len(errors) == 20


def test_other_media_types_are_refused(api):
    answer = api.post("/users", "name=John", content_type="text/plain")

    assert (answer.status_code, answer.json()["type"]) == (415, "urn:problem:unsupported_media_type")


def test_method_that_is_not_there_is_refused_with_those_that_are(api):
    answer = api.patch("/users", GOOD, format="json")

    assert answer.status_code == 405
    assert answer["Allow"] == "GET, POST, HEAD, OPTIONS"
