"""The application's configuration."""

from django.apps import AppConfig


class KnownUsersConfig(AppConfig):
    """Names the application in the admin."""

    name = "known_users"
    verbose_name = "Users, as the order service knows them"
