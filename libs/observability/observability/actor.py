"""The actor of the current request, for log lines and events; empty without authentication (``AUTH``)."""

from contextvars import ContextVar

_actor: ContextVar[str] = ContextVar("actor", default="")


def current_actor() -> str:
    """Return the subject of the current request: ``7``, ``key:partner``, ``staff:1``; empty if it is unknown."""
    return _actor.get()


def set_actor(actor: str) -> None:
    """Set the actor of the current request. ``RequestIdMiddleware`` clears it at the end of the request."""
    _actor.set(actor)
