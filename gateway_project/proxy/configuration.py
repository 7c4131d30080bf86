"""Read and validate the routes file."""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from proxy import values
from proxy.routes import Route, UpstreamSettings

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


class ConfigurationError(Exception):
    """The routes file is invalid; the message names the file, the key and the reason."""


@dataclass(frozen=True)
class Configuration:
    """The content of the routes file."""

    upstreams: Mapping[str, UpstreamSettings]
    routes: tuple[Route, ...]


def read(file: Path) -> Configuration:
    """Read and check ``file``.

    Raises:
        ConfigurationError: the file is missing, not TOML, or invalid.
    """
    try:
        root = _Table("", tomllib.loads(file.read_text()))
        upstreams = {name: _upstream(name, table, file.parent) for name, table in root.tables("upstreams")}
        routes = tuple(_route(table, upstreams) for table in root.array("routes"))
        root.finish()
        _refuse_duplicates(routes)
        routes = tuple(route for route in routes if route.enabled)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, _WrongKeyError) as error:
        raise ConfigurationError(f"{file}: {error}") from error
    return Configuration(upstreams, routes)


class _WrongKeyError(Exception):
    """The value of a key is invalid."""

    def __init__(self, key: str, reason: object) -> None:
        super().__init__(f"{key}: {reason}")


class _Table:
    """A table that records which keys were read; ``finish`` rejects unknown keys."""

    def __init__(self, name: str, content: object) -> None:
        if not isinstance(content, dict):
            raise _WrongKeyError(name, "must be a table")
        self.name = name
        self._content = dict(content)

    def key(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key

    def tables(self, key: str) -> list[tuple[str, "_Table"]]:
        table = _Table(self.key(key), self._content.pop(key, {}))
        return [(name, _Table(table.key(name), content)) for name, content in table._content.items()]

    def array(self, key: str) -> list["_Table"]:
        content = self._content.pop(key, [])
        if not isinstance(content, list):
            raise _WrongKeyError(self.key(key), "must be an array of tables, [[routes]]")
        return [_Table(f"{self.key(key)}[{number}]", table) for number, table in enumerate(content, start=1)]

    def take(self, key: str, convert: Callable[[Any], Any], default: Any = ...) -> Any:
        if key not in self._content:
            if default is ...:
                raise _WrongKeyError(self.key(key), "is required")
            return default
        try:
            return convert(_expand(self._content.pop(key)))
        except ValueError as error:
            raise _WrongKeyError(self.key(key), error) from error

    def finish(self) -> None:
        if self._content:
            raise _WrongKeyError(self.key(next(iter(self._content))), "unknown key")


def _upstream(name: str, table: _Table, folder: Path) -> UpstreamSettings:
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
        raise _WrongKeyError(table.key("ca_file"), "no address in urls begins with https://")
    return upstream


def _route(table: _Table, upstreams: Mapping[str, UpstreamSettings]) -> Route:
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
        enabled=table.take("enabled", values.boolean, True),  # noqa: FBT003
    )
    table.finish()
    if route.websockets and "GET" not in (route.methods or ["GET"]):
        raise _WrongKeyError(table.key("websockets"), "GET, which opens a WebSocket, is not among methods")
    return route


def _refuse_duplicates(routes: tuple[Route, ...]) -> None:
    seen: dict[str, int] = {}
    for number, route in enumerate(routes, start=1):
        if route.path in seen:
            raise _WrongKeyError(
                f"routes[{number}].path", f'"{route.path}" is already that of routes[{seen[route.path]}]'
            )
        seen[route.path] = number


def _expand(value: object) -> object:
    """Replace ``${NAME}`` and ``${NAME:-default}`` in every text of ``value`` with environment variables."""
    if isinstance(value, list):
        return [_expand(item) for item in value]
    return _VARIABLE.sub(_variable, value) if isinstance(value, str) else value


def _variable(found: re.Match[str]) -> str:
    name, default = found.groups()
    value = os.environ.get(name) or default
    if value is None:
        raise ValueError(f"the environment variable {name} is not set, and no default is given (${{{name}:-default}})")
    return value
