"""Cases of a conformance suite: a request and its documented response."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Received:
    """A received response; names of headers are case-insensitive."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @cached_property
    def json(self) -> Any:
        """The parsed body; None if it is not JSON."""
        return json.loads(self.content) if "json" in self.headers.get("Content-Type", "") else None


Ask = Callable[..., Received]


@dataclass(frozen=True)
class Case:
    """One request and the expected response.

    ``unittest.mock.ANY`` matches any value.

    Attributes:
        idiom: the documented idiom under test.
        body: the body of the request, sent as JSON unless it is bytes.
        headers: the header fields of the request.
        json: the whole body of the response.
        has: some members of the response's JSON object.
        names: the ``name`` of each object of a list.
        text: a part of the response's body.
        sent: header fields of the response; None if the field must be absent.
    """

    idiom: str
    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200
    json: Any = None
    has: dict[str, Any] = field(default_factory=dict)
    names: list[str] | None = None
    text: str = ""
    sent: dict[str, str | None] = field(default_factory=dict)

    def check(self, ask: Ask) -> None:
        """Send the request and compare the response.

        Raises:
            AssertionError: the response is not as expected.
        """
        response = ask(self.method, self.path, self.body, **self.headers)
        _compare("status", self.status, response.status, response)
        for name, value in self.sent.items():
            _compare(name, value, response.headers.get(name), response)
        if self.json is not None:
            _compare("body", self.json, response.json, response)
        for name, value in self.has.items():
            _compare(name, value, response.json.get(name, "(missing)"), response)
        if self.names is not None:
            rows = response.json if isinstance(response.json, list) else response.json["results"]
            _compare("names", self.names, [row["name"] for row in rows], response)
        if self.text not in response.content.decode(errors="replace"):
            raise AssertionError(f"text: expected {self.text!r} in {response}")


def _compare(part: str, expected: Any, actual: Any, response: Received) -> None:
    if expected != actual:
        raise AssertionError(f"{part}: expected {expected!r}, got {actual!r} in {response}")
