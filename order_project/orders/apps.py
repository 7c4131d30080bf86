"""The application's configuration."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """Names the application in the admin."""

    name = "orders"
    verbose_name = "Orders"
