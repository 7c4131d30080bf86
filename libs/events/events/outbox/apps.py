"""The configuration of the application."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from observability import metrics, tracing


class OutboxConfig(AppConfig):
    """Adds the state of the outbox to the metrics, and carries the trace of each write into its events."""

    name = "events.outbox"
    label = "outbox"
    verbose_name = "Events for other services"

    def ready(self) -> None:
        """Register the check and the collector, and connect the signal if spans are exported."""
        from events import checks  # noqa: F401
        from events.outbox.metrics import OutboxCollector

        metrics.COLLECTORS.append(OutboxCollector())
        if tracing.exporter():
            from events.outbox.traces import note_traces

            connection_created.connect(note_traces)
