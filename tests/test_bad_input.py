"""Bad input is answered with a 4xx problem that says what is wrong, through the gateway and by the services."""

import json

import pytest
import requests

from tests.api import make_order, make_user, new_email

PROBLEM_JSON = "application/problem+json"

VALID_USER = {"name": "John", "email": "bad-input@example.com"}
VALID_ORDER = {"user_id": 1, "product_name": "Laptop"}


def assert_is_problem(response, status, code):
    """Check the shape that every problem has, and return it."""
    assert response.status_code == status, response.text[:500]
    assert response.headers["Content-Type"] == PROBLEM_JSON
    problem = response.json()
    assert problem["type"] == f"urn:problem:{code}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == response.headers["X-Request-ID"]
    return problem


def assert_names_field(response, field, code):
    """Check that the answer is a 400 that says of this field what is wrong, and finds no fault with another."""
    problem = assert_is_problem(response, 400, "invalid")
    assert {error["field"] for error in problem["errors"]} == {field}
    assert code in {error["code"] for error in problem["errors"]}
    assert all(error["message"] for error in problem["errors"])
    assert (field or "the body") in problem["detail"]


WRONG_USERS = {
    "no name": ({"name": ...}, "name", "required"),
    "no email": ({"email": ...}, "email", "required"),
    "null name": ({"name": None}, "name", "null"),
    "empty name": ({"name": ""}, "name", "blank"),
    "name of spaces": ({"name": "  \t "}, "name", "blank"),
    "name of 201 characters": ({"name": "x" * 201}, "name", "max_length"),
    "NUL in the name": ({"name": "John\0"}, "name", "null_characters_not_allowed"),
    "NUL in the email": ({"email": "john\0@example.com"}, "email", "null_characters_not_allowed"),
    "lone surrogate": ({"name": "\ud800"}, "name", "surrogate_characters_not_allowed"),
    "number for a name": ({"name": 1}, "name", "invalid"),
    "true for a name": ({"name": True}, "name", "invalid"),
    "list for a name": ({"name": ["John"]}, "name", "invalid"),
    "object for an email": ({"email": {"at": "example.com"}}, "email", "invalid"),
    "email without an at sign": ({"email": "john.example.com"}, "email", "invalid"),
    "email of 255 characters": ({"email": f"{'x' * 243}@example.com"}, "email", "max_length"),
    "unknown field": ({"is_admin": True}, "is_admin", "unknown_field"),
}

WRONG_ORDERS = {
    "no user": ({"user_id": ...}, "user_id", "required"),
    "no product": ({"product_name": ...}, "product_name", "required"),
    "null user": ({"user_id": None}, "user_id", "null"),
    "user 2**70": ({"user_id": 2**70}, "user_id", "max_value"),
    "user 2**63": ({"user_id": 2**63}, "user_id", "max_value"),
    "user -2**70": ({"user_id": -(2**70)}, "user_id", "min_value"),
    "user -1": ({"user_id": -1}, "user_id", "min_value"),
    "user 0": ({"user_id": 0}, "user_id", "min_value"),
    "text for a user": ({"user_id": "1"}, "user_id", "invalid"),
    "true for a user": ({"user_id": True}, "user_id", "invalid"),
    "list for a user": ({"user_id": [1]}, "user_id", "invalid"),
    "fraction for a user": ({"user_id": 1.5}, "user_id", "invalid"),
    "whole fraction for a user": ({"user_id": 1.0}, "user_id", "invalid"),
    "quantity 0": ({"quantity": 0}, "quantity", "min_value"),
    "quantity 10,001": ({"quantity": 10_001}, "quantity", "max_value"),
    "null quantity": ({"quantity": None}, "quantity", "null"),
    "product of 201 characters": ({"product_name": "x" * 201}, "product_name", "max_length"),
    "NUL in the product": ({"product_name": "\0"}, "product_name", "null_characters_not_allowed"),
    "lone surrogate": ({"product_name": "\udfff"}, "product_name", "surrogate_characters_not_allowed"),
    "unknown field": ({"price": 0}, "price", "unknown_field"),
    "largest user that can be": ({"user_id": 2**63 - 1}, "user_id", "unknown_user"),
}

WRONG_BODIES = {
    "malformed JSON": (b'{"name": "John",}', 400, "parse_error"),
    "cut off": (b'{"name": "Jo', 400, "parse_error"),
    "not UTF-8": (b'{"name": "\xff"}', 400, "parse_error"),
    "NaN": (b'{"name": NaN}', 400, "parse_error"),
    "number with 5,000 digits": (b'{"name": 1%s}' % (b"0" * 5000), 400, "parse_error"),
    "100,000 open brackets": (b"[" * 100_000, 400, "parse_error"),
    "10 MB name": (json.dumps(VALID_USER | {"name": "x" * 10_000_000}).encode(), 413, "body_too_large"),
}

WRONG_QUERIES = {
    "page_size=abc": ("page_size", "invalid_page_size"),
    "page_size=0": ("page_size", "invalid_page_size"),
    "page_size=-1": ("page_size", "invalid_page_size"),
    "page_size=101": ("page_size", "invalid_page_size"),
    "page_size=": ("page_size", "invalid_page_size"),
    f"page_size={'9' * 1000}": ("page_size", "invalid_page_size"),
    "cursor=cD0yMDI2": ("cursor", "invalid_cursor"),
    "cursor=": ("cursor", "invalid_cursor"),
    "cursor=%00": ("cursor", "invalid_cursor"),
    "cursor=%ED%A0%80": ("cursor", "invalid_cursor"),
    "ordering=password": ("ordering", "invalid_ordering"),
    "ordering=id,created_at": ("ordering", "invalid_ordering"),
    "search=%00": ("search", "null_characters_not_allowed"),
    "created_at__gt=yesterday": ("created_at__gt", "invalid"),
    "id__in=1,x": ("id__in", "invalid"),
}


def merge(valid, change):
    """Return ``valid`` with the changed fields, without those whose change is an ellipsis."""
    return {name: value for name, value in (valid | change).items() if value is not ...}


@pytest.mark.parametrize(("change", "field", "code"), WRONG_USERS.values(), ids=WRONG_USERS)
def test_wrong_user_is_refused_with_field_and_reason(api, change, field, code):
    response = api.post("/users", json=merge(VALID_USER, change))

    assert_names_field(response, field, code)


@pytest.mark.parametrize(("change", "field", "code"), WRONG_ORDERS.values(), ids=WRONG_ORDERS)
def test_wrong_order_is_refused_with_field_and_reason(api, change, field, code):
    response = api.post("/orders", json=merge(VALID_ORDER, change))

    assert_names_field(response, field, code)


@pytest.mark.parametrize(("body", "status", "code"), WRONG_BODIES.values(), ids=WRONG_BODIES)
def test_unreadable_body_is_refused(api, resource, body, status, code):
    response = api.post(f"/{resource.name}", data=body, headers={"Content-Type": "application/json"})

    assert_is_problem(response, status, code)


@pytest.mark.parametrize("body", ["[]", '"text"', "1", "true"])
def test_json_that_is_no_object_is_refused(api, resource, body):
    response = api.post(f"/{resource.name}", data=body, headers={"Content-Type": "application/json"})

    assert_names_field(response, None, "invalid")


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/xml", "application/octet-stream", "rubbish"]
)
def test_wrong_media_type_is_refused(api, resource, media_type):
    response = api.post(f"/{resource.name}", data=b"{}", headers={"Content-Type": media_type})

    problem = assert_is_problem(response, 415, "unsupported_media_type")
    assert media_type in problem["detail"]


@pytest.mark.parametrize(("query", "expected"), WRONG_QUERIES.items(), ids=lambda value: str(value)[:30])
def test_wrong_query_is_refused_with_parameter_and_reason(api, resource, query, expected):
    response = api.get(f"/{resource.name}?{query}")

    assert_names_field(response, *expected)


def test_cursor_of_a_list_in_another_order_is_refused(api, resource):
    for _ in range(2):
        resource.make(api)
    next_page = api.get(f"/{resource.name}?page_size=1").json()["next"]

    response = api.get(f"{next_page}&ordering=-id")

    assert_names_field(response, "cursor", "invalid_cursor")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("unknown_id", ["0", "987654321", str(2**63), str(2**70)])
def test_unknown_id_is_not_found(api, resource, method, unknown_id):
    response = api.request(method, f"/{resource.name}/{unknown_id}", json={})

    assert_is_problem(response, 404, "not_found")


@pytest.mark.parametrize("tail", ["abc", "-1", "1.0", "%00", "%ED%A0%80", "%FF", "1/2", "1%2F2", "²", "٣"])
def test_id_that_is_none_is_not_found(api, resource, tail):
    response = api.get(f"/{resource.name}/{tail}")

    assert_is_problem(response, 404, "not_found")


@pytest.mark.parametrize(("method", "path"), [("DELETE", ""), ("PUT", ""), ("PATCH", ""), ("POST", "/1")])
def test_wrong_method_is_refused_with_the_right_ones(api, resource, method, path):
    response = api.request(method, f"/{resource.name}{path}", json={})

    assert_is_problem(response, 405, "method_not_allowed")
    assert "GET" in response.headers["Allow"]
    assert method not in response.headers["Allow"]


def test_every_wrong_field_is_named_at_once(api):
    response = api.post("/orders", json={"user_id": "1", "quantity": 0, "colour": "red"})

    problem = assert_is_problem(response, 400, "invalid")
    assert {error["field"] for error in problem["errors"]} == {
        "user_id",
        "product_name",
        "quantity",
        "colour",
    }


def test_wrong_change_is_refused_and_changes_nothing(api):
    user = make_user(api)

    response = api.patch(f"/users/{user['id']}", json={"name": "Jane", "email": "nowhere"})

    assert_names_field(response, "email", "invalid")
    assert api.get(f"/users/{user['id']}").json() == user


def test_order_stays_its_user_s(api):
    order = make_order(api)

    response = api.patch(f"/orders/{order['id']}", json={"user_id": make_user(api)["id"]})

    assert_names_field(response, "user_id", "immutable")
    assert api.get(f"/orders/{order['id']}").json() == order


def test_chunked_body_is_read(api):
    email = new_email()
    chunks = (part.encode() for part in ('{"name": "John", ', f'"email": "{email}"', "}"))

    response = api.post("/users", data=chunks, headers={"Content-Type": "application/json"})

    assert response.request.headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in response.request.headers
    assert response.status_code == 201
    assert response.json()["email"] == email


def test_chunked_body_is_refused_when_it_is_too_large(api):
    chunks = (b"x" * 65536 for _ in range(160))

    response = api.post("/users", data=chunks, headers={"Content-Type": "application/json"})

    assert_is_problem(response, 413, "body_too_large")


def test_services_take_the_fields_that_the_gateway_makes_of_two(system):
    forwarded = ", ".join(["10.0.0.1"] * 3_200)  # two of the longest that it takes, joined

    for project in (system.user, system.order):
        answer = requests.get(
            f"{project.url}/{project.project.name}s", headers={"X-Forwarded-For": forwarded}, timeout=10
        )
        assert answer.status_code == 200
