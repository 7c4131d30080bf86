"""Extensions of drf-spectacular for the services' OpenAPI documents."""

from collections.abc import Iterator
from copy import copy
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import build_choice_field, force_instance
from drf_spectacular.utils import Direction
from rest_framework import serializers
from rest_framework.exceptions import (
    NotAcceptable,
    NotFound,
    ParseError,
    UnsupportedMediaType,
    ValidationError,
)

from openapi.components import IN_EVERY_RESPONSE, Problem, error_responses
from problems.types import BAD_REQUEST, INTERNAL_ERROR

_LOOKUPS = {
    "": "is this value",
    "gt": "is greater than this value",
    "gte": "is at least this value",
    "lt": "is less than this value",
    "lte": "is at most this value",
    "isnull": "is null (`true`) or not null (`false`)",
}

# Added to the descriptions below if the operation has the parameter.
_PRECONDITIONS = {
    "If-Match": "Send the `ETag` that you read as `If-Match` to get 412 if the object has changed since.",
    "If-None-Match": (
        "Send the `ETag` of an earlier response as `If-None-Match` to get 304, without a body, if nothing changed."
    ),
}
# Summary and description of each action of a viewset, for the names of its model.
_TEXTS = {
    "list": (
        "List {names}",
        "Returns a page of {names}; `next` is the address of the next one.",
    ),
    "create": ("Create {name}", "Creates the {name} and returns it; `Location` is its address."),
    "retrieve": ("Retrieve {name}", "Returns the {name}."),
    "update": (
        "Replace {name}",
        "Sets every writable member of the {name}. Optional members that are not sent keep their values.",
    ),
    "partial_update": ("Update {name}", "Sets the members that are sent and leaves the others."),
    "destroy": ("Delete {name}", "Deletes the {name}."),
}


class NullableChoices(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call] # it registers itself
    """Describes the choices of a field without a label of None, from which drf-spectacular derives no type."""

    target_class = serializers.ChoiceField

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        """Return the schema; ``allow_null`` adds null."""
        field = copy(self.target)
        field.choices = [(value, label) for value, label in field.choices.items() if value is not None]
        return build_choice_field(field)


class ProblemSchema(AutoSchema):
    """drf-spectacular's AutoSchema, with the problems of each operation.

    Common problems are derived from the parameters and body of an operation. The view and its base classes list others
    in ``problems``, a mapping from the name of an action to problem types. Permission classes list theirs in
    ``problems``, too.
    """

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Return the operation, with its error responses."""
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        parameters, responses = operation.get("parameters", []), operation["responses"]
        filters = getattr(getattr(self.view, "filterset_class", None), "base_filters", {})
        for parameter in parameters:
            if most := getattr(filters.get(parameter["name"]), "max_values", None):
                parameter["schema"] |= {"minItems": 1, "maxItems": most}
            _complete(parameter, describes_filters=getattr(self.view, "action", None) == "list")
        names = {one["name"] for one in parameters}
        if (text := self._text(1)) and operation.get("description") == text:
            operation["description"] = " ".join(
                [text, *(_PRECONDITIONS[name] for name in _PRECONDITIONS if name in names)]
            )
        if "If-None-Match" in names:
            unchanged = {"description": "The representation is unchanged."}
            responses.setdefault("304", unchanged | {"headers": responses.get("200", {}).get("headers", {})})
        for response in responses.values():
            response["headers"] = IN_EVERY_RESPONSE | response.get("headers", {})
            response["description"] = response["description"] or "Success."
        for status, response in error_responses(self.get_problems(operation)).items():
            responses.setdefault(status, response)  # extend_schema may document the status
        return operation

    def map_parsers(self) -> list[str]:
        """Return the media types of request bodies: JSON, and forms for files; those of all parsers if none is left."""
        types: list[str] = super().map_parsers()
        serializer: Any = force_instance(self.get_request_serializer())  # type: ignore[no-untyped-call] # no types
        fields: Any = getattr(getattr(serializer, "child", serializer), "fields", {})
        files = [one for one in fields.values() if isinstance(one, serializers.FileField) and not one.read_only]
        every = [parser.media_type for parser in self.view.get_parsers()]
        if files and "multipart/form-data" in every:
            types = [*([] if any(one.required for one in files) else types), "multipart/form-data"]
        return types or every

    def get_auth(self) -> list[dict[str, Any]]:
        """Return the alternative credentials, if any is required.

        Without authentication drf-spectacular returns the empty alternative, for which generators require credentials.
        """
        requirements = super().get_auth()
        return requirements if any(requirements) else []

    def get_summary(self) -> str | None:
        """Return the operation's title."""
        return self._text(0)

    def get_description(self) -> str:  # type: ignore[override] # as in drf-spectacular
        """Return what the operation does, for its clients."""
        return self._text(1) or ""

    def get_problems(self, operation: dict[str, Any]) -> Iterator[Problem]:
        """Yield the problem types that the operation can respond with. Subclasses may extend it."""
        yield from (BAD_REQUEST, NotAcceptable, INTERNAL_ERROR)
        places = {one["in"] for one in operation.get("parameters", [])}
        # REST framework also filters the single object by the parameters of lists, which are not documented there.
        is_filtered = "path" in places and bool(getattr(self.view, "filter_backends", None))
        if "requestBody" in operation:
            yield from (ParseError, UnsupportedMediaType)
        if "requestBody" in operation or "query" in places or is_filtered:
            yield ValidationError
        if "path" in places:
            yield NotFound
        for permission in self.view.get_permissions():
            yield from getattr(permission, "problems", ())
        for one in type(self.view).__mro__:
            yield from vars(one).get("problems", {}).get(getattr(self.view, "action", None), ())

    def _text(self, index: int) -> str | None:
        queryset, action = getattr(self.view, "queryset", None), getattr(self.view, "action", None)
        if queryset is None or action not in _TEXTS:
            return None
        options = queryset.model._meta
        return _TEXTS[action][index].format(name=options.verbose_name, names=options.verbose_name_plural)


def _complete(parameter: dict[str, Any], *, describes_filters: bool) -> None:
    schema, name = parameter.get("schema", {}), parameter["name"]
    if schema.get("pattern") == "^[0-9]+$":
        parameter["schema"] = {"type": "integer", "minimum": 0}
    if parameter.get("description"):
        return
    if parameter["in"] == "path":
        parameter["description"] = f"Key of the object, `{name}`."
    elif parameter["in"] == "query" and describes_filters:
        field, _, lookup = name.partition("__")
        parameter["description"] = (
            f"Only results whose `{field}` {_LOOKUPS.get(lookup, f'matches this value by `{lookup}`')}."
        )
