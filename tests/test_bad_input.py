"""Invalid requests get the same 4xx problem through the gateway and directly from the services."""

import json

import pytest
import requests

from tests.api import new_email

PROBLEM_JSON = "application/problem+json"


def assert_is_problem(response, status, code):
    """Check the members that every problem has, and return the problem."""
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
    """Check that the response is a 400 with one error, for this field and with this code."""
    problem = assert_is_problem(response, 400, "invalid")
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [(field, code)]


WRONG_BODIES = {
    "malformed JSON": (b'{"name": "John",}', 400, "parse_error"),
    "no object": (b"[]", 400, "invalid"),
    "100,000 open brackets": (b"[" * 100_000, 400, "parse_error"),
    "10 MB name": (json.dumps({"name": "x" * 10_000_000}).encode(), 413, "body_too_large"),
}


def test_invalid_user_is_rejected_with_field_and_reason(api):
    response = api.post("/users", json={"name": "John\0", "email": "bad-input@example.com"})

    assert_names_field(response, "name", "null_characters_not_allowed")


def test_invalid_order_is_rejected_with_field_and_reason(api):
    response = api.post("/orders", json={"user_id": 2**70, "product_name": "Laptop"})

    assert_names_field(response, "user_id", "max_value")


def test_order_with_the_largest_valid_user_id_is_rejected_as_unknown_user(api):
    response = api.post("/orders", json={"user_id": 2**63 - 1, "product_name": "Laptop"})

    assert_names_field(response, "user_id", "unknown_user")


@pytest.mark.parametrize(("body", "status", "code"), WRONG_BODIES.values(), ids=WRONG_BODIES)
def test_malformed_body_is_rejected(api, resource, body, status, code):
    response = api.post(f"/{resource.name}", data=body, headers={"Content-Type": "application/json"})

    assert_is_problem(response, status, code)


def test_unsupported_media_type_is_rejected(api, resource):
    response = api.post(f"/{resource.name}", data=b"{}", headers={"Content-Type": "text/plain"})

    assert_is_problem(response, 415, "unsupported_media_type")


def test_invalid_query_is_rejected_with_parameter_and_reason(api, resource):
    response = api.get(f"/{resource.name}?cursor=%ED%A0%80")

    assert_names_field(response, "cursor", "invalid_cursor")


@pytest.mark.parametrize("tail", ["0", str(2**70), "abc", "%00", "%ED%A0%80", "1%2F2", "²"])
def test_unknown_address_is_not_found(api, resource, tail):
    response = api.get(f"/{resource.name}/{tail}")

    assert_is_problem(response, 404, "not_found")


def test_wrong_method_is_rejected_with_the_allowed_ones(api, resource):
    response = api.delete(f"/{resource.name}")

    assert_is_problem(response, 405, "method_not_allowed")
    assert response.headers["Allow"] == "GET, POST, HEAD, OPTIONS"


def test_chunked_body_is_accepted(api):
    email = new_email()
    chunks = (part.encode() for part in ('{"name": "John", ', f'"email": "{email}"', "}"))

    response = api.post("/users", data=chunks, headers={"Content-Type": "application/json"})

    assert response.request.headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in response.request.headers
    assert response.status_code == 201
    assert response.json()["email"] == email


def test_chunked_body_over_the_limit_is_rejected(api):
    chunks = (b"x" * 65536 for _ in range(160))

    response = api.post("/users", data=chunks, headers={"Content-Type": "application/json"})

    assert_is_problem(response, 413, "body_too_large")


def test_services_accept_fields_as_long_as_the_gateway_can_make_them(system):
    forwarded = ", ".join(["10.0.0.1"] * 3_200)  # two fields of the longest accepted length, joined

    for project in (system.user, system.order):
        response = requests.get(
            f"{project.url}/{project.project.name}s", headers={"X-Forwarded-For": forwarded}, timeout=10
        )
        assert response.status_code == 200
