"""Components and error responses that the OpenAPI documents of all services share."""

import re
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from rest_framework.exceptions import APIException, ValidationError

from problems.exceptions import MAX_ERRORS
from problems.schema import HEADERS, PROBLEM, PROBLEM_TYPES
from problems.types import PROBLEM_JSON, ProblemType

Problem = ProblemType | type[APIException]


def reference(kind: str, name: str) -> dict[str, Any]:
    """Return a reference to a component, such as of the kind ``schemas``."""
    return {"$ref": f"#/components/{kind}/{name}"}


COMPONENTS: dict[str, Any] = {
    "schemas": {
        "FieldError": {
            "type": "object",
            "description": "One reason why a request is not valid.",
            "properties": {
                "field": {
                    "type": ["string", "null"],
                    "description": "Dotted path of a member or name of a parameter; null for the whole body.",
                },
                "code": {
                    "type": "string",
                    "description": "Names the reason; docs/problems.md lists the codes.",
                    "example": "required",
                },
                "message": {
                    "type": "string",
                    "description": "The reason as a sentence.",
                    "example": "This field is required.",
                },
            },
            "required": ["code", "field", "message"],
        },
        "Problem": PROBLEM,
        "ValidationProblem": {
            "description": "A request that is not valid; `errors` lists the reasons.",
            "allOf": [
                reference("schemas", "Problem"),
                {
                    "type": "object",
                    "properties": {
                        "errors": {
                            "type": "array",
                            "items": reference("schemas", "FieldError"),
                            "minItems": 1,
                            "maxItems": MAX_ERRORS,
                        },
                    },
                    "required": ["errors"],
                },
            ],
        },
    },
    "headers": HEADERS,
}

IN_EVERY_RESPONSE = {"X-Request-ID": reference("headers", "X-Request-ID")}


def error_responses(problems: Iterable[Problem]) -> dict[str, Any]:
    """Return the response of each status that ``problems`` have."""
    by_status = groupby(sorted(problems, key=_status), key=_status)
    return {str(status): _error_response(status, list(group)) for status, group in by_status}


def _error_response(status: int, problems: list[Problem]) -> dict[str, Any]:
    headers = dict(IN_EVERY_RESPONSE)
    if any(hasattr(one, "wait") for one in problems):
        headers["Retry-After"] = reference("headers", "Retry-After")
    types = sorted({_as_type(one) for one in problems})
    codes, schemas = {one.code for one in types}, []
    if ValidationError.default_code in codes:  # first: generated clients use the first schema that matches
        schemas.append(reference("schemas", "ValidationProblem"))
    if codes != {ValidationError.default_code}:
        schemas.append(reference("schemas", "Problem"))
    return {
        "description": "\n".join(f"* `{one.code}`: {one.detail}" for one in types),
        "headers": headers,
        "content": {PROBLEM_JSON: {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}},
        PROBLEM_TYPES: [f"urn:problem:{one.code}" for one in types],
    }


def _as_type(problem: Problem) -> ProblemType:
    if isinstance(problem, ProblemType):
        return problem
    detail = re.sub(r' "{\w+}"', "", str(problem.default_detail))  # placeholders for parts of the request
    return ProblemType(int(problem.status_code), str(problem.default_code), detail)


def _status(problem: Problem) -> int:
    return _as_type(problem).status
