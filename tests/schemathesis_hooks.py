"""Hooks and checks of schemathesis for rules of the services that their OpenAPI documents do not state."""

import os
from urllib.parse import urlencode

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response

# Error codes for input that the document allows. They depend on stored rows, or on rules that a schema cannot express.
BEYOND_THE_DOCUMENT = {
    "blank",  # text of spaces alone, or a search without a word
    "immutable",  # the user of an order
    "inactive_user",
    "invalid_cursor",
    "invalid_ordering",  # with a bound of another field, or with a search
    "null_characters_not_allowed",
    "too_many_words",
    "unique",
    "unknown_user",
}

# Generated orders use ids of existing users; otherwise almost all would be rejected for an unknown user.
KNOWN_USER_IDS = [int(text) for text in os.environ.get("KNOWN_USER_IDS", "").split()]


LONGEST_QUERY = 3500  # gunicorn rejects a longer request line


@schemathesis.hook
def filter_case(context: HookContext, case: Case) -> bool:
    """Skip queries that the server rejects before the API, and empty filters, which HTML forms send for unset ones.

    Also skip invalid bodies with surrounding spaces in a text: services strip them, and the body may become valid.
    """
    query = case.query or {}
    is_sent = "" not in query.values() and len(urlencode(query, doseq=True)) < LONGEST_QUERY
    return is_sent and not (_must_be_refused(case) and _has_text_in_spaces(case.body))


def _must_be_refused(case: Case) -> bool:
    return case.meta is not None and case.meta.generation.mode.is_negative


def _has_text_in_spaces(body) -> bool:
    texts = [one for one in body.values() if isinstance(one, str)] if isinstance(body, dict) else []
    return any(text != text.strip() for text in texts)


@schemathesis.hook
def map_body(context: HookContext, body):
    """Write integral floats as integers, which JSON Schema accepts alike, and use ids of existing users."""
    if not isinstance(body, dict):
        return body
    body = {name: _as_integer(value) for name, value in body.items()}
    user_id = body.get("user_id")
    if not KNOWN_USER_IDS or type(user_id) is not int or not 1 <= user_id < 2**63:
        return body
    return body | {"user_id": KNOWN_USER_IDS[user_id % len(KNOWN_USER_IDS)]}


def _as_integer(value):
    return int(value) if isinstance(value, float) and value.is_integer() else value


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema) -> None:
    """Close the schemas of responses: clients must ignore unknown members, but a test must not."""
    for schema in raw_schema["components"]["schemas"].values():
        if "properties" in schema and schema is not raw_schema["components"]["schemas"]["Problem"]:
            schema["additionalProperties"] = False
    for operation in [one for path in raw_schema["paths"].values() for one in path.values()]:
        for response in operation["responses"].values():
            for content in response.get("content", {}).values():
                content["schema"]["unevaluatedProperties"] = False


@schemathesis.check
def refusal_is_beyond_the_document(ctx: CheckContext, response: Response, case: Case) -> None:
    """Input that the document allows is rejected only for reasons that the document cannot state."""
    if response.status_code != 400 or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    codes = {error["code"] for error in response.json().get("errors", [{"code": "no errors listed"}])}
    assert codes <= BEYOND_THE_DOCUMENT, f"Valid by the document, but refused: {response.text}"


@schemathesis.check
def refusal_is_a_problem(ctx: CheckContext, response: Response, case: Case) -> None:
    """Every error response is a problem with the status and the request id."""
    if response.status_code < 400 or case.method == "HEAD":
        return
    assert response.headers["content-type"] == ["application/problem+json"]
    problem = response.json()
    assert problem["status"] == response.status_code
    assert problem["request_id"] == response.headers["x-request-id"][0]
