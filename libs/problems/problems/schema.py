"""The OpenAPI components of error responses, which the services and the gateway share."""

from typing import Any

from observability.request_id import PATTERN

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "An error (RFC 9457).",
    "properties": {
        "type": {
            "type": "string",
            "format": "uri",
            "pattern": "^urn:problem:[a-z0-9_]+$",
            "description": "Names the kind of problem.",
        },
        "title": {"type": "string", "description": "The reason phrase of the status.", "example": "Not Found"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599, "description": "The HTTP status."},
        "detail": {"type": "string", "description": "The error of this request, as a sentence."},
        "instance": {"type": "string", "description": "Path of the request.", "example": "/resources/1"},
        "request_id": {
            "type": "string",
            "description": "Id of the request, as in `X-Request-ID` and in the logs.",
        },
    },
    "required": ["detail", "instance", "request_id", "status", "title", "type"],
}
HEADERS: dict[str, Any] = {
    "X-Request-ID": {
        "description": "Id of the request: the client's own if it sent one, else a new one.",
        "required": True,
        "schema": {"type": "string", "pattern": f"^{PATTERN}$"},
    },
    "Retry-After": {
        "description": "Seconds after which the request can be retried.",
        "schema": {"type": "integer", "minimum": 1},
    },
}
PROBLEM_TYPES = "x-problem-types"  # extension of a response: the values of ``type`` that it can have
