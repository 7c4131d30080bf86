"""Callers for tests, and their identity headers."""

from identity.internal import HEADER, Caller, sign

SERVICE_TOKEN = "right" * 8


def make_caller(**overrides):
    return Caller(**{"subject": "7", "user_id": 7, "scopes": frozenset({"books:read", "books:write"})} | overrides)


def identity(caller=None, *, audience="library", service_token=SERVICE_TOKEN, **arguments):
    """Return the identity header of ``caller``."""
    token = sign(caller or make_caller(), audience=audience, service_token=service_token, **arguments)
    return {HEADER: token}
