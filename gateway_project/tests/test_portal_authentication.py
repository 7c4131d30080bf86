"""The portal and its API document if routes require credentials."""

import html
import json
import re

import pytest

from tests.client import exchange, request
from tests.protected import SERVICE_TOKEN, api_key
from tests.test_portal_openapi import document, json_response
from tests.upstream import Upstream

PROTECTED = """
[auth]
enabled = true
{keys}
[upstreams.any]
urls = ["{url}"]
[[routes]]
path = "/users"
upstream = "any"
scopes = {{ GET = "users:read", PUT = "users:read users:write" }}
[[routes]]
path = "/free"
upstream = "any"
public = true
"""


def operation():
    return {"summary": "It.", "responses": {"200": {"description": "It."}}, "security": [{"own": []}]}


def refusing():
    refusal = {
        "description": "* `insufficient_scope`: The caller lacks a scope.",
        "x-problem-types": ["urn:problem:insufficient_scope"],
    }
    return operation() | {"responses": {"403": refusal}}


@pytest.fixture(scope="module")
def service():
    content = document("/users")
    content["paths"] = {
        "/users": {"get": operation(), "put": refusing(), "post": operation()},
        "/free": {"get": operation()},
    }
    content["components"]["securitySchemes"] = {"own": {"type": "http", "scheme": "basic"}}
    upstream = Upstream()
    responses = {b"/openapi.json": json_response(content)}
    upstream.script = lambda connection, received: connection.send(responses.get(received.target, json_response("ok")))
    yield upstream
    upstream.close()


@pytest.fixture
def gateway(share, service):
    keys = api_key("gk_partner_" + "k" * 43, scopes="[]")
    return share(PROTECTED.format(keys=keys, url=service.url), EXPOSE_PORTAL="true", SERVICE_TOKEN=SERVICE_TOKEN)


def test_document_states_credentials_and_scopes(gateway):
    found = json.loads(exchange(gateway.port, request("GET", "/-/openapi.json")).body)

    assert set(found["components"]["securitySchemes"]) == {"AccessToken", "ApiKey"}
    users, free = found["paths"]["/users"], found["paths"]["/free"]
    assert users["get"]["security"] == [{"AccessToken": ["users:read"]}, {"ApiKey": ["users:read"]}]
    assert users["put"]["security"][0] == {"AccessToken": ["users:read", "users:write"]}
    assert free["get"]["security"] == []


def test_document_leaves_out_methods_without_scope(gateway):
    found = json.loads(exchange(gateway.port, request("GET", "/-/openapi.json")).body)

    assert set(found["paths"]["/users"]) == {"get", "put"}


def test_refusals_are_responses_of_operations_that_are_not_public(gateway):
    found = json.loads(exchange(gateway.port, request("GET", "/-/openapi.json")).body)

    responses = found["paths"]["/users"]["get"]["responses"]
    assert {"400", "401", "403", "429", "503"} <= set(responses)
    assert "`not_authenticated`" in responses["401"]["description"]
    assert "`invalid_token`" in responses["401"]["description"]
    assert "401" not in found["paths"]["/free"]["get"]["responses"]
    assert "WWW-Authenticate" in responses["400"]["headers"]
    assert "WWW-Authenticate" in responses["401"]["headers"]
    assert "WWW-Authenticate" in responses["403"]["headers"]


def test_problem_of_gateway_and_service_is_described_once(gateway):
    found = json.loads(exchange(gateway.port, request("GET", "/-/openapi.json")).body)

    forbidden = found["paths"]["/users"]["put"]["responses"]["403"]
    assert forbidden["description"].splitlines() == [
        "* `insufficient_scope`: The caller lacks a scope.",
        "* `cross_site_request`: A browser sent the request from another site.",
    ]
    assert forbidden["x-problem-types"] == ["urn:problem:cross_site_request", "urn:problem:insufficient_scope"]


@pytest.mark.parametrize("target", ["/", "/-/status", "/-/docs", "/-/openapi.json", "/-/static/portal.css"])
def test_pages_need_no_credentials(gateway, target):
    assert exchange(gateway.port, request("GET", target)).status == 200


def test_command_lines_have_a_token_if_the_route_requires_one(gateway):
    page = exchange(gateway.port, request("GET", "/", "Accept: text/html")).body.decode()

    lines = re.findall("<code>(curl .*)</code>", html.unescape(page))
    assert 'curl http://example.org/users -H "Authorization: Bearer $TOKEN"' in lines
    assert "curl http://example.org/free" in lines
    assert "<code>TOKEN</code> is an access token" in page
