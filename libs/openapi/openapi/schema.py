"""OpenAPI documents of the services: what drf-spectacular cannot know about their API."""

from collections.abc import Iterator
from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework.exceptions import (
    NotAcceptable,
    NotFound,
    ParseError,
    UnsupportedMediaType,
    ValidationError,
)

from openapi.components import COMPONENTS, IN_EVERY_RESPONSE, Problem, error_responses
from problems.types import BAD_REQUEST, INTERNAL_ERROR

_LOOKUPS = {
    "": "is",
    "gt": "is greater than",
    "gte": "is at least",
    "lt": "is less than",
    "lte": "is at most",
}


class ProblemSchema(AutoSchema):
    """drf-spectacular's AutoSchema, with the problems of each operation.

    Problems follow from the parameters and the body of an operation. Those of its own are listed by the view and its
    base classes, in ``problems``: from the name of an action to the types of its problems. The view's permissions list
    theirs in ``problems``, too.
    """

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Return the operation, with its error responses."""
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        parameters = operation.get("parameters", [])
        for parameter in parameters:
            _complete(parameter)
        responses = operation["responses"]
        if any(one["name"] == "If-None-Match" for one in parameters):
            responses["304"] = {
                "description": "The representation is unchanged.",
                "headers": responses["200"]["headers"],
            }
        for response in responses.values():
            response["headers"] = IN_EVERY_RESPONSE | response.get("headers", {})
            response["description"] = response["description"] or "Success."
        responses.update(error_responses(self.get_problems(operation)))
        return operation

    def get_problems(self, operation: dict[str, Any]) -> Iterator[Problem]:
        """Yield the types of the problems that the operation can respond with: a hook for those of a service."""
        yield from (BAD_REQUEST, NotAcceptable, INTERNAL_ERROR)
        places = {one["in"] for one in operation.get("parameters", [])}
        if "requestBody" in operation:
            yield from (ParseError, UnsupportedMediaType)
        if "requestBody" in operation or "query" in places:
            yield ValidationError
        if "path" in places:
            yield NotFound
        for permission in self.view.get_permissions():
            yield from getattr(permission, "problems", ())
        for one in type(self.view).__mro__:
            yield from vars(one).get("problems", {}).get(getattr(self.view, "action", None), ())


def _complete(parameter: dict[str, Any]) -> None:
    schema, name = parameter["schema"], parameter["name"]
    if schema.get("pattern") == "^[0-9]+$":
        parameter["schema"] = {"type": "integer", "minimum": 0}
    if not parameter.get("description"):
        field, _, lookup = name.partition("__")
        parameter["description"] = (
            f"Key of the object, `{name}`."
            if parameter["in"] == "path"
            else f"Only results whose `{field}` {_LOOKUPS.get(lookup, lookup)} this value."
        )


def without_trailing_slash(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Document the addresses as links have them; those with a slash at their end respond, too."""
    return [(path.rstrip("/"), *rest) for path, *rest in endpoints]


def complete_components(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Add the shared components; state that requests have no unknown members, and responses all of theirs."""
    components = result["components"]
    for name, schema in components.get("schemas", {}).items():
        if name.endswith("Request"):
            schema.setdefault("additionalProperties", False)
        elif "properties" in schema:
            schema["required"] = sorted(schema["properties"])
    for kind, shared in COMPONENTS.items():
        components[kind] = dict(sorted((components.get(kind, {}) | shared).items()))
    return result
