"""The operations of the API for the documentation page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from portal.merge import METHODS
from portal.references import REFERENCE


@dataclass(frozen=True)
class Operation:
    """An operation of the API."""

    method: str
    path: str
    summary: str
    description: str
    anchor: str  # of the operation in Swagger UI
    parameters: Sequence[Mapping[str, Any]]
    body: str  # name of the schema of the request body
    responses: Sequence[tuple[str, str]]  # status and reason phrase


@dataclass(frozen=True)
class Section:
    """The operations of one service."""

    name: str
    stale_since: str
    operations: Sequence[Operation]


def sections(document: Mapping[str, Any]) -> list[Section]:
    """Return the operations of ``document``, by service."""
    operations = [
        (operation, _operation(path, method, item, operation, document["components"]))
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]
    return [
        Section(
            tag["name"],
            tag.get("x-stale-since", ""),
            [one for operation, one in operations if tag["name"] in operation["tags"]],
        )
        for tag in document["tags"]
    ]


def _operation(
    path: str, method: str, item: Mapping[str, Any], operation: Mapping[str, Any], components: Mapping[str, Any]
) -> Operation:
    parameters = [
        _resolved(one, components) for one in (*item.get("parameters", ()), *operation.get("parameters", ()))
    ]
    contents = _resolved(operation.get("requestBody", {}), components).get("content", {})
    schemas = [content.get("schema", {}) for content in contents.values()]
    return Operation(
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        description=operation.get("description", ""),
        anchor=f"#/{operation['tags'][0]}/{operation.get('operationId', '')}",
        parameters=parameters,
        body=next((one["$ref"].rpartition("/")[2] for one in schemas if isinstance(one, dict) and "$ref" in one), ""),
        responses=[(status, _phrase(status)) for status in sorted(operation.get("responses", {}))],
    )


def _resolved(node: Mapping[str, Any], components: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the component that ``node`` refers to; ``node`` itself without a reference, or with one to elsewhere."""
    found = REFERENCE.fullmatch(node.get("$ref", ""))
    component: Mapping[str, Any] = components.get(found[1], {}).get(found[2], node) if found else node
    return component


def _phrase(status: str) -> str:
    try:
        return HTTPStatus(int(status)).phrase
    except ValueError:  # default, 4XX
        return ""
