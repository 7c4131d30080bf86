"""Read and validate the routes file."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from proxy import values
from proxy.authentication.configuration import read_policy
from proxy.authentication.policy import Policy
from proxy.authentication.values import DEFAULT, cookie_name, scopes_by_method
from proxy.routes import Route, UpstreamSettings
from proxy.tables import Table, WrongKeyError, refuse_duplicates


class ConfigurationError(Exception):
    """The routes file is invalid; the message names the file, the key and the reason."""


@dataclass(frozen=True)
class Configuration:
    """The content of the routes file."""

    upstreams: Mapping[str, UpstreamSettings]
    routes: tuple[Route, ...]
    auth: Policy


def read(file: Path) -> Configuration:
    """Read and check ``file``.

    Raises:
        ConfigurationError: the file is missing, not TOML, or invalid.
    """
    try:
        root = Table("", tomllib.loads(file.read_text()))
        upstreams = {name: _upstream(name, table, file.parent) for name, table in root.tables("upstreams")}
        tables = root.array("routes")
        routes = [_route(table, upstreams) for table in tables]
        auth = read_policy(root.table("auth"), file.parent)
        root.finish()
        refuse_duplicates(tables, [route.path for route in routes], "path")
        if auth.enabled:
            _require_scopes(tables, routes)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, WrongKeyError) as error:
        raise ConfigurationError(f"{file}: {error}") from error
    return Configuration(upstreams, tuple(route for route in routes if route.enabled), auth)


def _upstream(name: str, table: Table, folder: Path) -> UpstreamSettings:
    default = UpstreamSettings(name, ())
    upstream = UpstreamSettings(
        name=name,
        urls=table.take("urls", values.urls),
        ca_file=table.take("ca_file", partial(values.ca_file, folder), default.ca_file),
        connect_timeout=table.take("connect_timeout", values.seconds, default.connect_timeout),
        read_timeout=table.take("read_timeout", values.seconds, default.read_timeout),
        total_timeout=table.take("total_timeout", values.seconds, default.total_timeout),
        preserve_host=table.take("preserve_host", values.boolean, default.preserve_host),
        probe_path=table.take("probe_path", values.path, default.probe_path),
        tunnel_idle_timeout=table.take("tunnel_idle_timeout", values.seconds, default.tunnel_idle_timeout),
        max_tunnels=table.take("max_tunnels", values.count, default.max_tunnels),
        breaker_failures=table.take("breaker_failures", values.count, default.breaker_failures),
        breaker_seconds=table.take("breaker_seconds", values.seconds, default.breaker_seconds),
    )
    table.finish()
    if upstream.ca_file and not upstream.uses_tls:
        raise WrongKeyError(table.key("ca_file"), "no address in urls begins with https://")
    return upstream


def _route(table: Table, upstreams: Mapping[str, UpstreamSettings]) -> Route:
    def known_upstream(value: object) -> str:
        name = values.text(value)
        if name not in upstreams:
            raise ValueError(f'"{name}" is not an upstream of this file ({", ".join(upstreams) or "it has none"})')
        return name

    route = Route(
        path=table.take("path", values.route_path),
        upstream=table.take("upstream", known_upstream),
        methods=table.take("methods", values.methods, None),
        max_body=table.take("max_body", values.size, None),
        rate_limit=table.take("rate_limit", values.rate, None),
        request_buffering=table.take("request_buffering", values.boolean, True),  # noqa: FBT003
        websockets=table.take("websockets", values.boolean, False),  # noqa: FBT003
        cors_origins=table.take("cors_origins", values.origins, ()),
        scopes=table.take("scopes", scopes_by_method, None),
        public=table.take("public", values.boolean, False),  # noqa: FBT003
        session_cookie=table.take("session_cookie", cookie_name, ""),
        enabled=table.take("enabled", values.boolean, True),  # noqa: FBT003
    )
    table.finish()
    if route.websockets and "GET" not in (route.methods or ["GET"]):
        raise WrongKeyError(table.key("websockets"), "GET, which opens a WebSocket, is not among methods")
    for key, value in {"scopes": route.scopes, "session_cookie": route.session_cookie}.items():
        if value and route.public:
            raise WrongKeyError(table.key(key), "has no use on a route with public = true")
    if foreign := set(route.scopes or ()) - {*(route.methods or route.scopes or ()), DEFAULT}:
        raise WrongKeyError(table.key("scopes"), f"{min(foreign)} is not among methods")
    return route


def _require_scopes(tables: Sequence[Table], routes: Sequence[Route]) -> None:
    for table, route in zip(tables, routes, strict=True):
        if route.enabled and not route.public and route.scopes is None:
            reason = "is required while auth.enabled is true; public = true makes the route public"
            raise WrongKeyError(table.key("scopes"), reason)
