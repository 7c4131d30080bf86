"""Schemas of the documents: Kubernetes' own, and of custom resources what these manifests use of them."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate

from manifests.rendering import Manifests

KUBERNETES = "1.32"
CUSTOM = Path(__file__).with_name("schemas.json")


def findings(manifests: Manifests) -> Iterator[str]:
    """Yield what a schema refuses: unknown fields, wrong types, unknown kinds and versions."""
    for document in manifests.documents:
        if refusal := _refusal(json.dumps(document)):
            yield f"{document.get('kind')} {document.get('metadata', {}).get('name')}: {refusal}"


@cache  # overlays have many documents in common
def _refusal(text: str) -> str | None:
    document = json.loads(text)
    kind = f"{document.get('apiVersion')}/{document.get('kind')}"
    schemas = _custom_schemas()
    try:
        if kind in schemas["kinds"]:
            jsonschema.validate(document, {"$defs": schemas["$defs"], **schemas["kinds"][kind]})
        else:
            kubernetes_validate.validate(document, KUBERNETES, strict=True)
    except jsonschema.ValidationError as error:
        return f"{'.'.join(map(str, error.absolute_path)) or 'document'}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError:
        return f"there is no {document['apiVersion']} in Kubernetes {KUBERNETES}"
    return None


@cache
def _custom_schemas() -> dict[str, Any]:
    schemas: dict[str, Any] = json.loads(CUSTOM.read_text(encoding="utf-8"))
    return schemas
