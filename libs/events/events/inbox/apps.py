"""The application configuration of the inbox."""

from django.apps import AppConfig

from chassis import health
from observability import metrics


class InboxConfig(AppConfig):
    """Adds the state of the inbox to the service's metrics and readiness, and the system check."""

    name = "events.inbox"
    label = "inbox"
    verbose_name = "Events from other services"

    def ready(self) -> None:
        """Register the check, the metrics and the detail of the readiness."""
        from events import checks  # noqa: F401
        from events.inbox.health import lags
        from events.inbox.metrics import InboxCollector

        metrics.COLLECTORS.append(InboxCollector())
        health.DETAILS["events"] = lags
