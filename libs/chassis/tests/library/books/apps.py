"""The application's configuration."""

from django.apps import AppConfig


class BooksConfig(AppConfig):
    """Names the application."""

    name = "library.books"
