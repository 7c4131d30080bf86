"""The application configuration of migrating."""

from django.apps import AppConfig


class MigratingConfig(AppConfig):
    """Adds the system check of databases."""

    name = "migrating"

    def ready(self) -> None:
        """Register the check."""
        from migrating import checks  # noqa: F401
