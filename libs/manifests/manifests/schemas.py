"""Validates documents against the schemas of Kubernetes, and custom resources against those in schemas.json."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import kubernetes_validate
from jsonschema import ValidationError
from jsonschema.exceptions import best_match
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for

from manifests.rendering import Manifests

KUBERNETES = "1.32"
CUSTOM = Path(__file__).with_name("schemas.json")


def findings(manifests: Manifests) -> Iterator[str]:
    """Yield schema violations: unknown fields, wrong types, unknown kinds and versions."""
    for document in manifests.documents:
        if violation := _violation(json.dumps(document)):
            yield f"{document.get('kind')} {document.get('metadata', {}).get('name')}: {violation}"


@cache  # overlays have many documents in common
def _violation(text: str) -> str | None:
    document = json.loads(text)
    kind = f"{document.get('apiVersion')}/{document.get('kind')}"
    try:
        if validator := _custom_validators().get(kind):
            if error := best_match(validator.iter_errors(document)):
                raise error
        else:
            kubernetes_validate.validate(document, KUBERNETES, strict=True)
    except ValidationError as error:
        return f"{'.'.join(map(str, error.absolute_path)) or 'document'}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError:
        return f"there is no {document['apiVersion']} in Kubernetes {KUBERNETES}"
    return None


@cache
def _custom_validators() -> dict[str, Validator]:
    schemas = json.loads(CUSTOM.read_text(encoding="utf-8"))
    found = {kind: {"$defs": schemas["$defs"], **schema} for kind, schema in schemas["kinds"].items()}
    return {kind: validator_for(schema)(schema) for kind, schema in found.items()}
