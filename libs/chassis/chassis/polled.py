"""The paths that machines request every few seconds: health checks and metrics are neither logged nor traced."""


def is_polled(path: str) -> bool:
    """Whether ``path`` is /health, one under it, or /metrics."""
    return path in ("/health", "/metrics") or path.startswith("/health/")
