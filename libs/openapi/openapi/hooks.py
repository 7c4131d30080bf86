"""Postprocessing hooks of drf-spectacular, for the sake of generated clients."""

from typing import Any

from openapi.components import reference


def state_integer_sizes(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Mark integers without a maximum, such as ids, as ``int64``; generated clients would use 32 bits for some."""
    nodes: list[Any] = [result]
    while nodes:
        node = nodes.pop()
        if isinstance(node, list):
            nodes += node
        elif isinstance(node, dict):
            nodes += node.values()
            if node.get("type") in ("integer", ["integer", "null"]) and "maximum" not in node:
                node.setdefault("format", "int64")
    return result


def refer_to_enums(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Refer to the component of an enumeration in filters by its values, so that clients have one type."""
    schemas = result["components"].get("schemas", {})
    names = {frozenset(schema["enum"]): name for name, schema in schemas.items() if "enum" in schema}
    operations = [operation for path in result["paths"].values() for operation in path.values()]
    for parameter in (one for operation in operations for one in operation.get("parameters", ())):
        schema = parameter.get("schema", {})
        if schema.keys() == {"type", "enum"} and (name := names.get(frozenset(schema["enum"]))):
            parameter["schema"] = reference("schemas", name)
    return result
