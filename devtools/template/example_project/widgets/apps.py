"""The application configuration of widgets."""

from django.apps import AppConfig


class WidgetsConfig(AppConfig):
    """Sets the name of the application."""

    name = "widgets"
