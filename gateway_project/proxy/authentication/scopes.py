"""Scopes that a request needs."""

from proxy.authentication.values import DEFAULT
from proxy.errors import MethodNotAllowedError
from proxy.routes import Route


def needed_scopes(route: Route, method: str) -> frozenset[str]:
    """Return the scopes of ``method`` on ``route``, which is not public.

    Raises:
        MethodNotAllowedError: the route has none for it.
    """
    scopes = route.scopes or {}
    needed = scopes.get(method) or scopes.get(DEFAULT)
    if needed is None:
        allowed = ", ".join(scopes)
        detail = f"{method} is not among the methods with a scope here: {allowed}."
        raise MethodNotAllowedError(detail, {"Allow": allowed})
    return needed


def is_mapped(route: Route, method: str) -> bool:
    """Return whether a request may send ``method``, with whatever scopes."""
    return route.public or bool({method, DEFAULT}.intersection(route.scopes or ()))


def describe_scopes(route: Route) -> str:
    """Return the scopes of ``route`` as one text, methods with the same ones together."""
    methods: dict[frozenset[str], list[str]] = {}
    for method, scopes in (route.scopes or {}).items():
        methods.setdefault(scopes, []).append(method)
    described = [f"{','.join(names)}={' '.join(sorted(scopes))}" for scopes, names in methods.items()]
    return "public" if route.public else "; ".join(described) or "none"
