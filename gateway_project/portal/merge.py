"""Merge the OpenAPI documents of the services into one."""

import copy
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from portal.references import OPERATION_IDS, Key, complete_discriminators, references, rewrite

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

_CHECKED_KINDS = ("parameters", "requestBodies", "responses")  # of components

Keep = Callable[[str, str], bool]  # (path, method) -> whether the gateway routes it to this service


class UnusableDocumentError(Exception):
    """The document of a service cannot be merged; the message has the reason."""


@dataclass
class Part:
    """The document of one service, reduced to its exposed operations; ``names`` are the new names of components."""

    service: str
    title: str
    description: str
    paths: dict[str, Any]
    components: dict[Key, Any]
    names: dict[Key, str] = field(default_factory=dict)

    @property
    def operation_ids(self) -> set[Key]:
        """The ids of the operations."""
        return references(self.paths, lambda key: key[0] == OPERATION_IDS)


def part_of(service: str, document: Any, keep: Keep) -> Part:
    """Return the part of ``document`` with the operations for which ``keep`` returns true.

    Raises:
        UnusableDocumentError: ``document`` is not a valid OpenAPI 3.1 document.
    """
    if not isinstance(document, dict) or not str(document.get("openapi", "")).startswith("3.1."):
        raise UnusableDocumentError("It is not a document of OpenAPI 3.1.")
    try:
        return _part(service, copy.deepcopy(document), keep)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise UnusableDocumentError(f"It is malformed: {error!r}.") from error


def _part(service: str, document: dict[str, Any], keep: Keep) -> Part:
    components = {
        (kind, name): content
        for kind, contents in document.get("components", {}).items()
        for name, content in contents.items()
    }
    complete_discriminators(document.get("components", {}).get("schemas", {}))
    servers = document.get("servers") or [{"url": ""}]
    base = urlsplit(servers[0]["url"]).path.rstrip("/")
    paths = {}
    for path, item in document.get("paths", {}).items():
        own = _path_item(item, components, partial(keep, base + path))
        _check(own)
        for operation in _operations_of(own):
            _check(operation)
            operation["tags"] = [service]
            if "security" in document:
                operation.setdefault("security", document["security"])
        if any(method in own for method in METHODS):
            paths[base + path] = own
    info = document.get("info", {})
    used = {key: components[key] for key in _closure(paths, components)}
    for (kind, _), content in used.items():
        if kind in _CHECKED_KINDS:
            _check(content)
    return Part(service, info.get("title", service), str(info.get("description") or ""), paths, used)


def _check(node: dict[str, Any]) -> None:
    """Check the types of the members that the portal reads, in a path item, an operation, or a part of one.

    Raises:
        AttributeError, TypeError: a member has another type.
    """
    if not all(isinstance(node.get(name, ""), str) for name in ("$ref", "description")):
        raise TypeError("$ref or description is not a string")
    children = [*node.get("parameters", ()), *([node["requestBody"]] if "requestBody" in node else ())]
    children += [node["schema"]] if isinstance(node.get("schema"), dict) else []
    for name in ("responses", "headers", "content"):
        children += [child for key, child in node.get(name, {}).items() if not key.startswith("x-")]
    for child in children:
        _check(child)


def _path_item(item: dict[str, Any], components: Mapping[Key, Any], keep: Callable[[str], bool]) -> dict[str, Any]:
    """Return the path item without servers, and only with methods for which ``keep`` returns true."""
    if name := item.get("$ref", "").removeprefix("#/components/pathItems/"):
        item = {**copy.deepcopy(components["pathItems", name]), **{key: item[key] for key in item if key != "$ref"}}
    kept = {key: value for key, value in item.items() if key not in METHODS or keep(key.upper())}
    kept.pop("servers", None)
    for operation in _operations_of(kept):
        operation.pop("servers", None)
    return kept


def _operations_of(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (item[method] for method in METHODS if method in item)


def _closure(paths: Any, components: Mapping[Key, Any]) -> list[Key]:
    """Return all components that ``paths`` refer to, directly or indirectly, in the order of the document."""
    needed, new = set(), references(paths, components.__contains__)
    while new:
        needed |= new
        new = set().union(*(references(components[key], components.__contains__) for key in new)) - needed
    return [key for key in components if key in needed]


def merge(parts: Sequence[Part]) -> dict[str, Any]:
    """Return the paths and components of all ``parts``; conflicting names get the name of the service as a prefix.

    Components of the same name are shared if they are equal in all documents, including everything that they refer
    to. Operation ids that occur in several documents always conflict.
    """
    conflicts = _conflicts(parts)
    taken = {key for part in parts for key in (*part.components, *part.operation_ids)}
    for part in parts:
        for kind, name in sorted(conflicts & (part.components.keys() | part.operation_ids)):
            new = _new_name(part.service, kind, name)
            while (kind, new) in taken:
                new += "_"
            taken.add((kind, new))
            part.names[kind, name] = new
    paths: dict[str, Any] = {}
    components: dict[str, dict[str, Any]] = {}
    for part in parts:
        rename = _renaming(part)
        paths |= rewrite({"paths": part.paths}, rename)["paths"]
        for (kind, name), content in part.components.items():
            components.setdefault(kind, {})[rename(kind, name) or name] = rewrite(content, rename)
    return {"paths": paths, "components": {kind: dict(sorted(some.items())) for kind, some in components.items()}}


def _renaming(part: Part) -> Callable[[str, str], str | None]:
    def rename(kind: str, name: str) -> str | None:
        return part.names.get((kind, name), name if (kind, name) in part.components else None)

    return rename


def _new_name(service: str, kind: str, name: str) -> str:
    if kind == OPERATION_IDS:
        return f"{service}_{name}"
    words = [*re.split(r"[^A-Za-z0-9]+", service), name]
    return "".join(word[:1].upper() + word[1:] for word in words)


def _conflicts(parts: Sequence[Part]) -> set[Key]:
    """Return the names that have different meanings in several parts.

    First come components whose own content differs, then repeatedly those that refer to a conflict. Components that
    refer to each other in a circle are thus equal unless one of them differs.
    """
    several = _repeated(part.components for part in parts)
    conflicts = {key for key in several if len({_text(part.components[key]) for part in _having(key, parts)}) > 1}
    refers = {
        key: references(part.components[key], several.__contains__)
        for key in several
        for part in _having(key, parts)[:1]
    }
    while new := {key for key in several - conflicts if refers[key] & conflicts}:
        conflicts |= new
    return conflicts | _repeated(part.operation_ids for part in parts)


def _having(key: Key, parts: Iterable[Part]) -> list[Part]:
    return [part for part in parts if key in part.components]


def _repeated(collections: Iterable[Iterable[Key]]) -> set[Key]:
    return {key for key, times in Counter(key for keys in collections for key in keys).items() if times > 1}


def _text(content: Any) -> str:
    return json.dumps(content, sort_keys=True)
