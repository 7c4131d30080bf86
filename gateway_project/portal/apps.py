"""The Django application of the portal."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Serves the pages at ``/`` and under ``/-/``, if ``EXPOSE_PORTAL`` is on."""

    name = "portal"
