"""The application and its system checks."""

from django.apps import AppConfig


class ProxyConfig(AppConfig):
    """Registers the checks."""

    name = "proxy"

    def ready(self) -> None:
        """Import what registers itself."""
        from proxy import checks  # noqa: F401
