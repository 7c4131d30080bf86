"""The model of the compose files, with the default of each variable."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}")


class _Loader(yaml.CSafeLoader):  # libyaml's, ten times as fast
    """Reads a value with one of Compose's tags as the plain value."""

    def construct_override(self, node: yaml.SequenceNode) -> list[Any]:
        return self.construct_sequence(node)


_Loader.add_constructor("!reset", lambda loader, node: None)
_Loader.add_constructor("!override", _Loader.construct_override)


def services(*texts: str) -> dict[str, dict[str, Any]]:
    """Return the services of compose files, later files over earlier ones; variables have their defaults.

    A variable that is required, without a default, stays ``${NAME}``.
    """
    merged: dict[str, dict[str, Any]] = {}
    for text in texts:
        for name, service in yaml.load(text, _Loader)["services"].items():  # noqa: S506 - a SafeLoader  # nosec B506
            before = merged.setdefault(name, {"environment": {}})
            environment = before["environment"] | service.get("environment", {})
            merged[name] = before | service | {"environment": environment}
    return {name: _with_defaults(service) for name, service in merged.items()}


def seconds(duration: str) -> int:
    """Return the number of seconds in a duration such as ``40s``."""
    return int(duration.removesuffix("s"))


def _with_defaults(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _with_defaults(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_defaults(each) for each in value]
    if isinstance(value, str):
        return VARIABLE.sub(lambda found: f"${{{found[1]}}}" if found[2] is None else found[2], value)
    return value
