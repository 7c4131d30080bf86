"""The client of the user service, against servers that follow the contract and servers that fail."""

import json
import time
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from identity.internal import HEADER, verify
from widgets.user_client import UserServiceUnavailable, find_user

CONTRACT = json.loads(Path(__file__).parents[1].joinpath("contracts/user_service.json").read_text())


@pytest.fixture(autouse=True)
def address(httpserver: HTTPServer, settings):
    settings.USER_SERVICE_URL = httpserver.url_for("").rstrip("/")


@pytest.mark.parametrize("interaction", CONTRACT["interactions"], ids=lambda interaction: interaction["description"])
def test_responses_of_the_contract_are_understood(httpserver, interaction):
    expected = interaction["response"]
    body = json.dumps(expected["body"]).replace('"{id}"', "7")
    httpserver.expect_request(interaction["request"]["path"].replace("{id}", "7")).respond_with_response(
        Response(body, status=expected["status"], content_type=expected["content_type"])
    )

    found = find_user(7)

    assert found == (json.loads(body) if interaction["given"] == "the user exists" else None)


@pytest.mark.parametrize(
    ("status", "body", "content_type"),
    [
        (500, "", "text/plain"),
        (503, "{}", "application/problem+json"),
        (301, "", "text/plain"),
        (200, "garbage", "application/json"),
        (200, "[]", "application/json"),
        (200, '{"id": 8}', "application/json"),
        (404, "<h1>No such page</h1>", "text/html"),
        (404, '{"type": "urn:problem:no_route"}', "application/problem+json"),
        (404, "garbage", "application/problem+json"),
        (200, "[" * 100_000, "application/json"),
    ],
)
def test_any_other_response_is_unavailable(httpserver, status, body, content_type):
    httpserver.expect_request("/users/7").respond_with_response(
        Response(body, status=status, content_type=content_type, headers={"Location": "/users/7"})
    )

    with pytest.raises(UserServiceUnavailable):
        find_user(7)

    assert len(httpserver.log) == 1  # redirects are not followed


def test_call_names_this_service_with_auth(httpserver, settings):
    settings.AUTH, settings.SERVICE_TOKENS = True, ["token"]
    httpserver.expect_request("/users/7").respond_with_json({"id": 7})

    find_user(7)

    caller = verify(httpserver.log[0][0].headers[HEADER], audience="user", service_tokens=["token"])
    assert caller.subject == f"service:{settings.SERVICE_NAME}"
    assert caller.scopes == {f"{each}:read" for each in ["users"]}


def test_refused_connection_is_unavailable(settings):
    settings.USER_SERVICE_URL = "http://127.0.0.1:1"

    with pytest.raises(UserServiceUnavailable):
        find_user(7)


def test_stalled_response_is_unavailable(settings, httpserver):
    settings.USER_SERVICE_TIMEOUT = (1.0, 0.1)
    httpserver.expect_request("/users/7").respond_with_handler(lambda request: time.sleep(0.3))

    with pytest.raises(UserServiceUnavailable):
        find_user(7)
    for _ in range(500):  # the request must not appear in the log of the next test
        if httpserver.log:
            return
        time.sleep(0.01)
    pytest.fail("The server did not handle the request.")
