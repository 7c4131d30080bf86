"""The application."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The pages at ``/`` and under ``/-/``, if ``EXPOSE_PORTAL`` is on."""

    name = "portal"
