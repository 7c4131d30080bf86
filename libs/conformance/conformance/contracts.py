"""Contracts of a service: what its callers rely on. They are data; a changed response turns the service's test red."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.test import Client

NOBODY = 7_000_000


def interactions_with(service: str, root: Path) -> Iterator[dict[str, Any]]:
    """Yield the interactions of every caller of the service, from ``contracts/{service}_service.json`` files."""
    for file in sorted(
        [*root.glob(f"contracts/{service}_service.json"), *root.glob(f"*/contracts/{service}_service.json")]
    ):
        yield from json.loads(file.read_text())["interactions"]


def verify(client: Client, interaction: dict[str, Any], existing: int) -> None:
    """Send the request of an interaction, and compare the response with what is promised.

    Args:
        client: a test client of the service.
        interaction: one of ``interactions_with``.
        existing: the id of an object, which an interaction is about unless it is ``given`` that there is none.
    """
    number = NOBODY if interaction["given"].startswith("no ") else existing
    request, promised = interaction["request"], interaction["response"]
    body = json.loads(json.dumps(promised["body"]).replace('"{id}"', str(number)))
    response = client.generic(request["method"], request["path"].replace("{id}", str(number)))
    found = (response.status_code, response["Content-Type"])
    assert found == (promised["status"], promised["content_type"]), found  # noqa: S101 - of a test
    assert _holds(body, response.json()), response.content  # noqa: S101 - as above


def _holds(promised: Any, actual: Any) -> bool:
    """Whether ``actual`` has everything that is promised; it may have more."""
    if isinstance(promised, dict):
        return isinstance(actual, dict) and all(
            name in actual and _holds(value, actual[name]) for name, value in promised.items()
        )
    if isinstance(promised, list):
        return isinstance(actual, list) and len(actual) >= len(promised) and all(map(_holds, promised, actual))
    return type(promised) is type(actual) and bool(promised == actual)
