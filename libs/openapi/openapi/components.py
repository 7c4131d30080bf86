"""Components and error responses that the OpenAPI documents of all services share."""

import re
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from rest_framework.exceptions import APIException, ValidationError

from observability.request_id import PATTERN
from problems.exceptions import MAX_ERRORS
from problems.types import PROBLEM_JSON, ProblemType

Problem = ProblemType | type[APIException]


def reference(kind: str, name: str) -> dict[str, Any]:
    """Return a reference to a component, such as of the kind ``schemas``."""
    return {"$ref": f"#/components/{kind}/{name}"}


def _object(description: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": sorted(properties),
    }


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description} | more


COMPONENTS: dict[str, Any] = {
    "schemas": {
        "FieldError": _object(
            "One reason why a request is not valid.",
            field=_text("Dotted path of a member or name of a parameter; null for the whole body.")
            | {"type": ["string", "null"]},
            code=_text("Names the reason; docs/problems.md lists the codes.", example="required"),
            message=_text("The reason as a sentence.", example="This field is required."),
        ),
        "Problem": _object(
            "An error (RFC 9457).",
            type=_text("Names the kind of problem.", format="uri", pattern="^urn:problem:[a-z0-9_]+$"),
            title=_text("The reason phrase of the status.", example="Not Found"),
            status={"type": "integer", "minimum": 400, "maximum": 599, "description": "The HTTP status."},
            detail=_text("The error of this request, as a sentence."),
            instance=_text("Path of the request.", example="/resources/1"),
            request_id=_text("Id of the request, as in `X-Request-ID` and in the logs."),
        ),
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
    "headers": {
        "X-Request-ID": {
            "description": "Id of the request: the client's own if it sent one, else a new one.",
            "required": True,
            "schema": {"type": "string", "pattern": f"^{PATTERN}$"},
        },
        "Retry-After": {
            "description": "Seconds after which the request can be retried.",
            "schema": {"type": "integer", "minimum": 1},
        },
    },
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
    plain = [f"urn:problem:{one.code}" for one in types if one.code != ValidationError.default_code]
    schemas = [_narrowed("Problem", status, plain)] if plain else []
    if len(plain) < len(types):
        # First: generated clients use the first schema that matches a response.
        schemas.insert(0, _narrowed("ValidationProblem", status, [f"urn:problem:{ValidationError.default_code}"]))
    return {
        "description": "\n".join(f"* `{one.code}`: {one.detail}" for one in types),
        "headers": headers,
        "content": {PROBLEM_JSON: {"schema": schemas[0] if len(schemas) == 1 else {"oneOf": schemas}}},
    }


def _narrowed(name: str, status: int, types: list[str]) -> dict[str, Any]:
    """Return the schema ``name`` limited to some types. Client generators support keywords beside ``$ref``."""
    return reference("schemas", name) | {"properties": {"type": {"enum": types}, "status": {"const": status}}}


def _as_type(problem: Problem) -> ProblemType:
    if isinstance(problem, ProblemType):
        return problem
    detail = re.sub(r' "{\w+}"', "", str(problem.default_detail))  # placeholders for parts of the request
    return ProblemType(int(problem.status_code), str(problem.default_code), detail)


def _status(problem: Problem) -> int:
    return _as_type(problem).status
