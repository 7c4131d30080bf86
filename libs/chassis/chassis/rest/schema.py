"""The OpenAPI document of a service."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from chassis.problems import PROBLEM_JSON


class FieldErrorSerializer(serializers.Serializer[Any]):
    """One thing that is wrong with the input."""

    field = serializers.CharField(allow_null=True, help_text="Dotted path; null for the whole body.")
    code = serializers.CharField()
    message = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """An error (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField()
    request_id = serializers.CharField()
    errors = FieldErrorSerializer(many=True, required=False)


def without_trailing_slash(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Document the addresses as links have them; those with a slash at their end answer, too."""
    return [(path.rstrip("/"), *rest) for path, *rest in endpoints]


class ProblemAutoSchema(AutoSchema):
    """Says of every operation that whatever is not its success is a problem, and that it takes no unknown field."""

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        return schema | {"additionalProperties": False} if direction == "request" else schema

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        if self.view.action == "retrieve":
            bodies["304"] = {"description": "The client has it already."}
        bodies["default"] = self._get_response_for_code(ProblemSerializer, "default", [PROBLEM_JSON])
        return bodies
