"""Consumer-driven contracts: the requests and responses that the callers of a service rely on, as JSON files."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.test import Client

UNUSED_ID = 7_000_000


def interactions_with(service: str, root: Path) -> Iterator[dict[str, Any]]:
    """Yield the interactions of all callers of a service, from ``contracts/{service}_service.json`` files."""
    for file in sorted(
        [*root.glob(f"contracts/{service}_service.json"), *root.glob(f"*/contracts/{service}_service.json")]
    ):
        yield from json.loads(file.read_text())["interactions"]


def verify(client: Client, interaction: dict[str, Any], existing: int) -> None:
    """Send the request of an interaction and compare the response with the contract.

    Args:
        client: a test client of the service.
        interaction: one of ``interactions_with``.
        existing: the id of an existing object, unused if ``given`` of the interaction starts with ``no``.
    """
    number = UNUSED_ID if interaction["given"].startswith("no ") else existing
    request, expected = interaction["request"], interaction["response"]
    body = json.loads(json.dumps(expected["body"]).replace('"{id}"', str(number)))
    response = client.generic(request["method"], request["path"].replace("{id}", str(number)))
    found = (response.status_code, response["Content-Type"])
    assert found == (expected["status"], expected["content_type"]), found  # noqa: S101 - test code
    assert _holds(body, response.json()), response.content  # noqa: S101 - as above


def _holds(expected: Any, actual: Any) -> bool:
    """Whether ``actual`` contains everything in ``expected``; additional members are allowed."""
    if isinstance(expected, dict):
        return isinstance(actual, dict) and all(
            name in actual and _holds(value, actual[name]) for name, value in expected.items()
        )
    if isinstance(expected, list):
        return isinstance(actual, list) and len(actual) >= len(expected) and all(map(_holds, expected, actual))
    return type(expected) is type(actual) and bool(expected == actual)
