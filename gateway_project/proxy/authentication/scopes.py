"""The scopes that a request needs."""

from proxy.authentication.values import DEFAULT
from proxy.errors import MethodNotAllowedError
from proxy.routes import Route


def needed_scopes(route: Route, method: str) -> frozenset[str]:
    """Return the scopes of ``method`` on ``route``, which is not public.

    Raises:
        MethodNotAllowedError: the route has no scopes for ``method``.
    """
    scopes = route.scopes or {}
    needed = scopes.get(method) or scopes.get(DEFAULT)
    if needed is None:
        allowed = ", ".join(scopes)
        detail = f"{method} has no scopes here; methods with scopes: {allowed}."
        raise MethodNotAllowedError(detail, {"Allow": allowed})
    return needed


def is_mapped(route: Route, method: str) -> bool:
    """Return whether ``method`` is permitted to any caller, given the right scopes."""
    return route.public or bool({method, DEFAULT}.intersection(route.scopes or ()))


def describe_scopes(route: Route) -> str:
    """Return the scopes of ``route`` as text, grouped by methods with the same scopes."""
    methods: dict[frozenset[str], list[str]] = {}
    for method, scopes in (route.scopes or {}).items():
        methods.setdefault(scopes, []).append(method)
    described = [f"{','.join(names)}={' '.join(sorted(scopes))}" for scopes, names in methods.items()]
    return "public" if route.public else "; ".join(described) or "none"
