"""The application configuration of users."""

from django.apps import AppConfig


class UsersConfig(AppConfig):
    """Sets the name of the application in the admin."""

    name = "users"
    verbose_name = "People who order"
