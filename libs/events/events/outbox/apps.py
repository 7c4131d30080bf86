"""The application configuration of the outbox."""

from django.apps import AppConfig
from django.conf import settings
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate

from observability import metrics, tracing


class OutboxConfig(AppConfig):
    """Adds the state of the outbox to the metrics, and the traces and actors of writes to their events."""

    name = "events.outbox"
    label = "outbox"
    verbose_name = "Events for other services"

    def ready(self) -> None:
        """Register the checks and the collector; with tracing or ``AUTH``, connect the signal."""
        from events import checks  # noqa: F401
        from events.outbox.metrics import OutboxCollector
        from events.outbox.publish import check_published_columns

        post_migrate.connect(check_published_columns, sender=self)

        metrics.COLLECTORS.append(OutboxCollector())
        if tracing.exporter() or settings.AUTH:
            from events.outbox.context import note_context

            connection_created.connect(note_context)
