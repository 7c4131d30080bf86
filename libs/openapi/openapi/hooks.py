"""Postprocessing hooks of drf-spectacular, for the sake of generated clients."""

from typing import Any


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
