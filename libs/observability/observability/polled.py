"""Paths that monitoring polls every few seconds. Requests for them are not logged or traced."""


def is_polled(path: str) -> bool:
    """Whether ``path`` is a health check, /metrics, or the gateway's /-/status."""
    return path in ("/health", "/metrics", "/-/status") or path.startswith("/health/")
