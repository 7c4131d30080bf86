"""Receivers of signals, connected when the application is ready."""

from django.apps import AppConfig
from django.db.models.signals import post_init, post_save, pre_save


def note_loaded(sender, instance, **kwargs):
    instance.loaded_name = instance.name


def trim_dots(sender, instance, **kwargs):
    instance.name = instance.name.rstrip(".")


def note_saved(sender, instance, created, **kwargs):
    instance.was_created = created


RECEIVERS = [(post_init, note_loaded), (pre_save, trim_dots), (post_save, note_saved)]


class TextbookConfig(AppConfig):
    name = "tests.textbook"

    def ready(self):
        for signal, receiver in RECEIVERS:
            signal.connect(receiver, sender="users.User")
