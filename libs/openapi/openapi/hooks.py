"""Hooks of drf-spectacular, which complete a document for generated clients."""

import json
import re
from typing import Any

from openapi.components import COMPONENTS, reference


def state_integer_sizes(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Mark integers without a maximum, such as ids, as ``int64``; generated clients would use 32 bits for some."""
    nodes: list[Any] = [result]
    while nodes:
        node = nodes.pop()
        if isinstance(node, list):
            nodes += node
        elif isinstance(node, dict):
            nodes += [value for name, value in node.items() if name not in ("default", "enum", "example", "examples")]
            if node.get("type") in ("integer", ["integer", "null"]) and not {"maximum", "enum"} & node.keys():
                node.setdefault("format", "int64")
    return result


def refer_to_enums(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Refer to the component of an enumeration in filters by its values, so that clients have one type."""
    schemas = result["components"].get("schemas", {})
    names = {_values(schema): name for name, schema in schemas.items() if "enum" in schema}
    operations = [operation for path in result["paths"].values() for operation in path.values()]
    for parameter in (one for operation in operations for one in operation.get("parameters", ())):
        schema = parameter.get("schema", {})
        if schema.keys() == {"type", "enum"} and (name := names.get(_values(schema))):
            parameter["schema"] = reference("schemas", name)
    return result


def _values(schema: dict[str, Any]) -> tuple[str, frozenset[Any]]:
    return str(schema.get("type")), frozenset(schema["enum"])


def without_trailing_slash(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Document paths without an optional trailing slash, as in links."""
    return [
        (path.rstrip("/") if regex.removesuffix("$").endswith("/?") else path, regex, *rest)
        for path, regex, *rest in endpoints
    ]


def complete_components(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Add the shared components; forbid unknown members in requests, and require all members in responses."""
    components = result["components"]
    schemas = components.get("schemas", {})
    sent = _names_in_requests(result["paths"], schemas)
    for name, schema in schemas.items():
        if "properties" not in schema:
            continue
        if name in sent:
            schema.setdefault("additionalProperties", False)
        else:
            schema["required"] = sorted(schema["properties"])
    for kind, shared in COMPONENTS.items():
        components[kind] = dict(sorted((components.get(kind, {}) | shared).items()))
    return result


def _names_in_requests(paths: dict[str, Any], schemas: dict[str, Any]) -> set[str]:
    """Return the names of the schemas that request bodies refer to, directly or indirectly."""
    names: set[str] = set()
    parts = [operation.get("requestBody") for path in paths.values() for operation in path.values()]
    while parts:
        found = set(re.findall('"#/components/schemas/([^"]+)"', json.dumps(parts.pop()))) - names
        names |= found
        parts += [schemas.get(name) for name in found]
    return names
