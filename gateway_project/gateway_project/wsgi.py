"""The WSGI entry point: ``gunicorn gateway_project.wsgi``."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway_project.settings")
django.setup(set_prefix=False)

from chassis.wsgi import PlainHandler  # noqa: E402 - after the set-up

application = PlainHandler()
