"""The application's configuration."""

from django.apps import AppConfig


class WidgetsConfig(AppConfig):
    """Names the application in the admin."""

    name = "widgets"
