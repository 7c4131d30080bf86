"""The merged OpenAPI document for clients of the gateway."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from portal.documents import Document, part
from portal.merge import METHODS, Part, merge
from portal.monitor import monitor
from portal.security import add_security
from problems.schema import HEADERS, PROBLEM, PROBLEM_TYPES
from problems.types import PROBLEM_JSON
from proxy import errors
from proxy.authentication import errors as refusals
from proxy.gateway import gateway
from proxy.routes import Route, RouteTable

_DESCRIPTION = """\
The API of all services behind this gateway. Each tag is a service. `GET /health` returns the state of the gateway.

The gateway can reject a request itself, with the problems (RFC 9457) that are listed at each operation, and with 404 or
405 without a matching route. Each response has an `X-Request-ID`, which identifies the request in the logs."""
_REFUSALS = (
    refusals.InvalidRequestError,
    refusals.NotAuthenticatedError,
    refusals.InvalidTokenError,
    refusals.InsufficientScopeError,
    refusals.KeysUnavailableError,
    errors.TooManyRequestsError,
)
_HEADERS = HEADERS | {
    "RateLimit": {
        "description": 'The remaining requests and the seconds until the quota is reset, `"requests";r=0;t=1`.',
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {
        "description": 'The quota of requests and its window in seconds, `"requests";q=10;w=1`.',
        "schema": {"type": "string"},
    },
    "WWW-Authenticate": {
        "description": "What is wrong with the credentials, or the scope that is missing (RFC 6750).",
        "schema": {"type": "string"},
    },
}
_UNSAFE = ("post", "put", "patch", "delete")


def document() -> dict[str, Any]:
    """Return the merged document.

    If a service does not respond, its last valid document is used; its tag and operations have ``x-stale-since``
    (RFC 3339).
    """
    documents = monitor().documents
    documents.refresh()
    known = {name: documents.of(name) for name in gateway().upstreams}
    parts = [part(name, one.content) for name, one in known.items() if one.content]
    for one in parts:
        if since := known[one.service].stale_since:
            for operation in _operations(one.paths):
                operation["x-stale-since"] = _utc_text(since)
    merged = merge(parts)
    configuration = gateway().current.configuration
    table = RouteTable(configuration.routes)
    _add_problems(merged, table, needs_credentials=configuration.auth.enabled)
    if configuration.auth.enabled:
        add_security(merged, table)
    shared = _shared_paragraphs(parts)
    missing = [
        f"The document of the {name} service is missing: {one.reason}"
        for name, one in known.items()
        if one.reason and not one.content
    ]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "API of the gateway",
            "version": "1.0.0",
            "description": "\n\n".join([_DESCRIPTION, *shared, *missing]),
            "contact": {"name": "The operators of this gateway"},
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "This gateway."}],
        "tags": [_tag(one, known[one.service], shared) for one in parts],
        "security": [],
        **merged,
    }


def _paragraphs(own: Part) -> list[str]:
    return [text for text in map(str.strip, own.description.split("\n\n")) if text]


def _shared_paragraphs(parts: Sequence[Part]) -> list[str]:
    """Return the paragraphs that all descriptions share, such as API conventions; they are included once."""
    first, *others = map(_paragraphs, parts or [Part("", "", "", {}, {})])
    return [text for text in first if others and all(text in one for one in others)]


def _tag(own: Part, known: Document, shared: Sequence[str]) -> dict[str, Any]:
    text = "\n\n".join([f"**{own.title}.**", *(one for one in _paragraphs(own) if one not in shared)])
    text = text.replace("\n\n", " ", 1)
    if known.stale_since is None:
        return {"name": own.service, "description": text}
    since = _utc_text(known.stale_since)
    stale = f"**Stale since {since}: the service does not respond.** {known.reason}"
    return {"name": own.service, "description": f"{stale}\n\n{text}", "x-stale-since": since}


def _utc_text(value: datetime) -> str:
    return value.isoformat(timespec="seconds").replace("+00:00", "Z")


def _operations(paths: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (item[method] for item in paths.values() for method in METHODS if method in item)


def _add_problems(merged: dict[str, Any], table: RouteTable, *, needs_credentials: bool) -> None:
    """Add the problems of the gateway to the responses of each operation."""
    for path, item in merged["paths"].items():
        route = table.match(path)
        for method in METHODS:
            if method in item and route:
                problems = [*_problems(route, method, item[method])]
                problems += _REFUSALS if needs_credentials and not route.public else ()
                _extend(item[method].setdefault("responses", {}), problems, merged["components"])


def _problems(route: Route, method: str, operation: dict[str, Any]) -> Iterator[type[errors.GatewayError]]:
    yield from (errors.BadResponseError, errors.BrokenResponseError, errors.UnreachableError, errors.CircuitOpenError)
    yield errors.TooSlowError
    if gateway().upstreams[route.upstream].settings.uses_tls:
        yield errors.TlsError
    if route.rate_limit:
        yield errors.TooManyRequestsError
    if method in _UNSAFE:
        yield errors.CrossSiteError
    if "requestBody" in operation:
        yield from (errors.MalformedBodyError, errors.ClientTooSlowError)
        if route.max_body is not None:
            yield errors.BodyTooLargeError
        if route.request_buffering:
            yield errors.BufferFullError


def _component(components: dict[str, Any], kind: str, name: str, content: dict[str, Any]) -> dict[str, str]:
    """Return a reference to the component ``content``; its name differs if a service has another of that name."""
    known = components.setdefault(kind, {})
    while known.setdefault(name, content) != content:
        name += "_"
    return {"$ref": f"#/components/{kind}/{name}"}


def _extend(
    responses: dict[str, Any], problems: Iterable[type[errors.GatewayError]], components: dict[str, Any]
) -> None:
    schema = _component(components, "schemas", "Problem", PROBLEM)
    for problem in sorted(problems, key=lambda problem: (problem.status, problem.code)):
        response = responses.setdefault(str(problem.status), {"description": ""})
        if "$ref" in response:  # a component of the service, which other operations may share
            continue
        description = response.get("description", "")
        if f"* `{problem.code}`:" not in description:
            response["description"] = f"{description}\n* `{problem.code}`: {problem.__doc__}".strip()
        response[PROBLEM_TYPES] = sorted({*response.get(PROBLEM_TYPES, ()), f"urn:problem:{problem.code}"})
        headers = response.setdefault("headers", {})
        for name in ("X-Request-ID", *problem.header_names):
            if name not in headers:
                headers[name] = _component(components, "headers", name, _HEADERS[name])
        content = response.setdefault("content", {}).setdefault(PROBLEM_JSON, {})
        known = content.setdefault("schema", schema)
        if known != schema and not (isinstance(known, dict) and schema in known.get("anyOf", ())):
            content["schema"] = {"anyOf": [known, schema]}
