"""Hooks of drf-spectacular: what it cannot know about the services' API."""

from typing import Any

from chassis.problems import PROBLEM_JSON

_REFERENCE = "#/components/schemas/"
_TEXT = {"type": "string"}


def _object(description: str, required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    names, properties = sorted(required), required | optional
    return {"type": "object", "description": description, "properties": properties, "required": names}


_FIELD = {"type": "string", "nullable": True, "description": "Dotted path; null for the whole body."}
_ERRORS = {"type": "array", "items": {"$ref": f"{_REFERENCE}FieldError"}}
_NAMES = ("type", "title", "status", "detail", "instance", "request_id")
SCHEMAS = {
    "FieldError": _object(
        "One thing that is wrong with the input.", {"field": _FIELD, "code": _TEXT, "message": _TEXT}
    ),
    "Problem": _object(
        "An error (RFC 9457).", dict.fromkeys(_NAMES, _TEXT) | {"status": {"type": "integer"}}, errors=_ERRORS
    ),
}
_PROBLEM = {"content": {PROBLEM_JSON: {"schema": {"$ref": f"{_REFERENCE}Problem"}}}, "description": ""}


def without_trailing_slash(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Document the addresses as links have them; those with a slash at their end answer, too."""
    return [(path.rstrip("/"), *rest) for path, *rest in endpoints]


def with_problems(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Say of every operation that its errors are problems, and that it takes no unknown field."""
    schemas = result["components"].setdefault("schemas", {})
    for operation in [one for path in result["paths"].values() for one in path.values()]:
        if any(one["name"] == "If-None-Match" for one in operation.get("parameters", [])):
            operation["responses"]["304"] = {"description": "The client has it already."}
        operation["responses"]["default"] = _PROBLEM
        for content in operation.get("requestBody", {}).get("content", {}).values():
            _refuse_unknown(content["schema"], schemas)
    schemas |= SCHEMAS
    result["components"]["schemas"] = dict(sorted(schemas.items()))
    return result


def _refuse_unknown(schema: Any, schemas: dict[str, Any]) -> None:
    """Allow no additional properties in the objects of a request body, however deep they lie."""
    if isinstance(schema, list):
        for part in schema:
            _refuse_unknown(part, schemas)
    elif isinstance(schema, dict):
        if "properties" in schema and "additionalProperties" not in schema:
            schema["additionalProperties"] = False
            _refuse_unknown(list(schema["properties"].values()), schemas)
        name = str(schema.get("$ref", "")).removeprefix(_REFERENCE)
        _refuse_unknown([schemas.get(name), schema.get("items"), schema.get("allOf")], schemas)
