"""The application and its system checks."""

from django.apps import AppConfig
from django.core.cache import close_caches
from django.core.handlers.base import reset_urlconf
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, reset_queries


class ProxyConfig(AppConfig):
    """Registers the system checks, and disconnects signal receivers that the gateway does not need."""

    name = "proxy"

    def ready(self) -> None:
        """Register the checks, and disconnect the receivers for databases, caches and URLs."""
        from proxy import checks  # noqa: F401

        for signal in (request_started, request_finished):
            for receiver in (reset_queries, close_old_connections, close_caches, reset_urlconf):
                signal.disconnect(receiver)
