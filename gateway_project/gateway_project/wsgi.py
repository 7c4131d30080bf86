"""The WSGI entry point: ``gunicorn gateway_project.wsgi``."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway_project.settings")
django.setup(set_prefix=False)

from proxy.server.handler import GatewayHandler  # noqa: E402 - after the set-up

application = GatewayHandler()
