"""The configuration of the application."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from observability import tracing


class OutboxConfig(AppConfig):
    """Carries the trace of each write into its events, while tracing is on."""

    name = "events.outbox"
    label = "outbox"
    verbose_name = "Events for other services"

    def ready(self) -> None:
        """Connect the signal, if spans are exported."""
        if tracing.exporter():
            from events.outbox.traces import note_traces

            connection_created.connect(note_traces)
