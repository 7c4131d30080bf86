"""The application's configuration."""

from django.apps import AppConfig


class IdempotencyConfig(AppConfig):
    """Names the application in the admin."""

    name = "idempotency"
    verbose_name = "Idempotency"
