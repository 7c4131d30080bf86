"""The configuration of the application."""

from django.apps import AppConfig

from observability import metrics


class InboxConfig(AppConfig):
    """Adds the state of the inbox to the service's metrics."""

    name = "events.inbox"
    label = "inbox"
    verbose_name = "Events from other services"

    def ready(self) -> None:
        """Register the collector."""
        from events.inbox.metrics import InboxCollector

        metrics.COLLECTORS.append(InboxCollector())
