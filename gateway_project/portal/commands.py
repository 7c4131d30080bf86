"""``curl`` command lines: a GET of each route, and a POST of each example in the services' documents."""

import json
import shlex
from collections.abc import Iterator
from typing import Any, NamedTuple

from portal import links
from portal.documents import part
from portal.monitor import monitor
from proxy.gateway import gateway

_JSON = "application/json"


class Command(NamedTuple):
    """A command line and its description."""

    text: str
    line: str


def needs_credentials() -> bool:
    """Return whether routes that are not public require credentials."""
    return gateway().current.configuration.auth.enabled


def commands(origin: str) -> list[Command]:
    """Return command lines for a client that reaches the gateway at ``origin``.

    Examples come from the documents that are already cached.
    """
    reads = [
        Command(f"Read {link.address}", _curl(origin + link.address) + _credentials(link.address))
        for link in links.api()
    ]
    state = Command("Read the state of all services", _curl("-H", f"Accept: {_JSON}", f"{origin}/"))
    return [*reads, *_posts(origin), state]


def _posts(origin: str) -> Iterator[Command]:
    for name in gateway().upstreams:
        if content := monitor().documents.of(name).content:
            for path, item in part(name, content).paths.items():
                if (example := _example(item.get("post"))) is not None and "{" not in path:
                    body = json.dumps(example, ensure_ascii=False)
                    line = _curl("-X", "POST", origin + path, "-H", f"Content-Type: {_JSON}", "-d", body)
                    yield Command(item["post"].get("summary") or f"Write {path}", line + _credentials(path))


def _example(operation: Any) -> Any:
    """Return the first example of the operation's JSON body; None if it has none."""
    try:
        return next(iter(operation["requestBody"]["content"][_JSON]["examples"].values()))["value"]
    except (AttributeError, KeyError, StopIteration, TypeError):
        return None


def _credentials(path: str) -> str:
    """Return the option with an access token, if the route requires credentials."""
    needs_one = needs_credentials() and not gateway().route(path).public
    return ' -H "Authorization: Bearer $TOKEN"' if needs_one else ""


def _curl(*arguments: str) -> str:
    return shlex.join(["curl", *arguments])
