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
    needed = scopes.get(method, scopes.get(DEFAULT))
    if needed is None:
        allowed = ", ".join(scopes)
        detail = f"{method} is not among the methods with a scope here: {allowed}."
        raise MethodNotAllowedError(detail, {"Allow": allowed})
    return needed
