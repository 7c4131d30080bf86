"""The application and its system checks."""

from django.apps import AppConfig
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, reset_queries


class ProxyConfig(AppConfig):
    """Registers the checks, and spares requests what they do not need."""

    name = "proxy"

    def ready(self) -> None:
        """Register the checks; there is no database, whose connections Django would look after at each request."""
        from proxy import checks  # noqa: F401

        request_started.disconnect(reset_queries)
        request_started.disconnect(close_old_connections)
        request_finished.disconnect(close_old_connections)
