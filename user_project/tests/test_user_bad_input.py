import json

import pytest

from users.models import User

pytestmark = pytest.mark.django_db

JOHN = {"name": "John", "email": "john@example.com"}


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"name": ...}, "name", "required"),
        ({"name": ""}, "name", "blank"),
        ({"name": None}, "name", "null"),
        ({"name": 7}, "name", "invalid"),
        ({"name": "x" * 201}, "name", "max_length"),
        ({"name": "a\0b"}, "name", "null_characters_not_allowed"),
        ({"email": ...}, "email", "required"),
        ({"email": "john"}, "email", "invalid"),
        ({"email": 7}, "email", "invalid"),
        ({"email": {"at": "example.com"}}, "email", "invalid"),
        ({"email": "john\0@example.com"}, "email", "null_characters_not_allowed"),
        ({"email": f"{'x' * 243}@example.com"}, "email", "max_length"),
        ({"nickname": "Johnny"}, "nickname", "unknown_field"),
    ],
    ids=str,
)
def test_bad_field_is_named_with_the_reason(api, change, field, code):
    user = {name: value for name, value in (JOHN | change).items() if value is not ...}

    response = api.post("/users", json.dumps(user), content_type="application/json")

    assert response.status_code == 400
    assert {error["field"] for error in response.json()["errors"]} == {field}
    assert code in [error["code"] for error in response.json()["errors"]]
    assert not User.objects.exists()


def test_name_may_have_two_hundred_characters(api):
    response = api.post("/users", JOHN | {"name": "\N{GRINNING FACE}" * 200}, format="json")

    assert response.status_code == 201
