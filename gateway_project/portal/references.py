"""References in an OpenAPI document: to components, operation ids and security schemes.

Some places in a document look like references and are data: examples, defaults, enumerations, and properties with the
name ``$ref`` or ``security``.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

Key = tuple[str, str]  # kind and name: ("schemas", "User"), ("operationIds", "users_list")
Rename = Callable[[str, str], str | None]  # (kind, name) -> new name; None: unknown

OPERATION_IDS = "operationIds"
REFERENCE = re.compile(r"#/components/([A-Za-z]+)/([A-Za-z0-9._-]+)(/.*)?")
_DATA = frozenset({"const", "default", "enum", "example", "value"})
# Their keys are chosen by the author, not defined by the specification.
_MAPS = frozenset(
    {"$defs", "definitions", "dependentSchemas", "mapping", "patternProperties", "properties"}  # of schemas
    | {"callbacks", "content", "encoding", "examples", "headers", "links", "parameters", "pathItems", "paths"}
    | {"requestBodies", "responses", "schemas", "scopes", "securitySchemes", "variables", "webhooks"}
)


def rewrite(node: Any, rename: Rename) -> Any:
    """Return a copy of ``node``, a part of a document, with references renamed."""
    if isinstance(node, list):
        return [rewrite(item, rename) for item in node]
    if not isinstance(node, dict):
        return node
    return {key: _rewrite_member(key, value, rename) for key, value in node.items()}


def _rewrite_member(key: str, value: Any, rename: Rename) -> Any:
    new: Any
    match key, value:
        case "$ref", str():
            new = _reference(value, rename)
        case "operationId", str():  # of an operation, or of a link to one
            new = rename(OPERATION_IDS, value) or value
        case "security", list():
            new = [{rename("securitySchemes", name) or name: scopes for name, scopes in one.items()} for one in value]
        case "mapping", dict():
            new = {name: _mapped(target, rename) for name, target in value.items()}
        case _ if key in _DATA or key.startswith("x-") or (key == "examples" and isinstance(value, list)):
            new = value
        case _, dict() if key in _MAPS:
            new = {name: rewrite(item, rename) for name, item in value.items()}
        case _:
            new = rewrite(value, rename)
    return new


def _reference(target: str, rename: Rename) -> str:
    if not (found := REFERENCE.fullmatch(target)):
        return target
    kind, name, rest = found.groups()
    return f"#/components/{kind}/{rename(kind, name) or name}{rest or ''}"


def _mapped(target: str, rename: Rename) -> str:
    """Return the target of a discriminator's mapping, a reference or the name of a schema, as a reference."""
    name = rename("schemas", target)
    return f"#/components/schemas/{name}" if name else _reference(target, rename)


def references(node: Any, known: Callable[[Key], bool]) -> set[Key]:
    """Return the references in ``node`` to ``known`` targets."""
    found: set[Key] = set()

    def note(kind: str, name: str) -> str | None:
        if not known((kind, name)):
            return None
        found.add((kind, name))
        return name

    rewrite(node, note)
    return found


def complete_discriminators(schemas: dict[str, Any]) -> None:
    """Add the implicit mappings of the discriminators in ``schemas``: a value without a mapping is a schema's name.

    Without this, renaming a schema would change the values. The targets are the alternatives (``oneOf``, ``anyOf``)
    beside the discriminator or, without any, the schemas that extend its schema by ``allOf``.
    """
    for name, schema in schemas.items():
        for node in _with_discriminator(schema):
            mapping = node["discriminator"].setdefault("mapping", {})
            mapped = {
                _mapped(target, lambda kind, name: name if name in schemas else None) for target in mapping.values()
            }
            alternatives = [*node.get("oneOf", ()), *node.get("anyOf", ())]
            targets = [one["$ref"] for one in alternatives if "$ref" in one] or (
                _extending(name, schemas) if node is schema else []
            )
            for target in targets:
                if target not in mapped and (found := REFERENCE.fullmatch(target)):
                    mapping.setdefault(found[2], target)


def _with_discriminator(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if isinstance(node.get("discriminator"), dict) and "propertyName" in node["discriminator"]:
            yield node
        for value in node.values():
            yield from _with_discriminator(value)
    elif isinstance(node, list):
        for item in node:
            yield from _with_discriminator(item)


def _extending(name: str, schemas: dict[str, Any]) -> list[str]:
    own = {"$ref": f"#/components/schemas/{name}"}
    return [
        f"#/components/schemas/{other}"
        for other, schema in schemas.items()
        if isinstance(schema, dict) and own in schema.get("allOf", ())
    ]
