"""The paths that machines request every few seconds: health checks, metrics and the portal's state are not logged."""


def is_polled(path: str) -> bool:
    """Whether ``path`` is /health, one under it, /metrics, or the gateway's /-/status; neither logged nor traced."""
    return path in ("/health", "/metrics", "/-/status") or path.startswith("/health/")
