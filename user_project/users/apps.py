"""The application's configuration."""

from django.apps import AppConfig


class UsersConfig(AppConfig):
    """Names the application in the admin."""

    name = "users"
    verbose_name = "People who order"
