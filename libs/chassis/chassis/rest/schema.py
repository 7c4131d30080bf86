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

from chassis.request_body import BODY_TOO_LARGE
from chassis.rest.components import COMPONENTS, IN_EVERY_RESPONSE, Problem, error_responses
from chassis.rest.conditional import PreconditionFailed
from chassis.service_token import SERVICE_TOKEN_REQUIRED
from problems.exceptions import DatabaseUnavailable
from problems.types import BAD_REQUEST, INTERNAL_ERROR

_IN_EVERY_OPERATION: list[Problem] = [
    BAD_REQUEST,
    SERVICE_TOKEN_REQUIRED,
    NotAcceptable,
    INTERNAL_ERROR,
    DatabaseUnavailable,
]
_GUARD = "Send the `ETag` that you read as `If-Match`, and a change that was made since then is not overwritten (412)."
_UNCHANGED = (
    "Send the `ETag` of an earlier response as `If-None-Match`: it is 304, without a body, if nothing changed."
)
# Summary and description of each action of a ResourceViewSet, for the names of its model.
_TEXTS = {
    "list": (
        "List {names}",
        "Returns a page of {names}; `next` is the address of the next one.",
    ),
    "create": ("Create {name}", "Creates the {name} and returns it; `Location` is its address."),
    "retrieve": ("Retrieve {name}", f"Returns the {{name}}. {_UNCHANGED}"),
    "update": ("Replace {name}", f"Sets every writable member of the {{name}}. {_GUARD}"),
    "partial_update": ("Update {name}", f"Sets the members that are sent and leaves the others. {_GUARD}"),
    "destroy": ("Delete {name}", f"Deletes the {{name}}. {_GUARD}"),
}
_LOOKUPS = {
    "": "is",
    "gt": "is greater than",
    "gte": "is at least",
    "lt": "is less than",
    "lte": "is at most",
}


class ProblemSchema(AutoSchema):
    """drf-spectacular's AutoSchema that describes a ResourceViewSet and the problems of each operation.

    Problems follow from the parameters and the body of an operation. Those of its own are listed by the view and its
    base classes, in ``problems``: from the name of an action to the types of its problems.
    """

    def get_summary(self) -> str | None:
        """Return the operation's title."""
        return self._text(0)

    def get_description(self) -> str:  # type: ignore[override] # as in drf-spectacular
        """Return what the operation does, for its clients."""
        return self._text(1) or ""

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
        responses.update(error_responses(self._problems(operation)))
        return operation

    def _text(self, index: int) -> str | None:
        queryset, action = getattr(self.view, "queryset", None), getattr(self.view, "action", None)
        if queryset is None or action not in _TEXTS:
            return None
        options = queryset.model._meta
        return _TEXTS[action][index].format(name=options.verbose_name, names=options.verbose_name_plural)

    def _problems(self, operation: dict[str, Any]) -> Iterator[Problem]:
        yield from _IN_EVERY_OPERATION
        parameters = operation.get("parameters", [])
        if self.method != "GET":
            yield BODY_TOO_LARGE
        if "requestBody" in operation:
            yield from (ParseError, UnsupportedMediaType)
        if "requestBody" in operation or any(one["in"] == "query" for one in parameters):
            yield ValidationError
        if any(one["in"] == "path" for one in parameters):
            yield NotFound
        if any(one["name"] in ("If-Match", "If-None-Match") for one in parameters):
            yield PreconditionFailed
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
