"""The WSGI application of the order service."""

import os

import django

from chassis.tracing import traced
from chassis.wsgi import service_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "order_project.settings")
django.setup(set_prefix=False)

application = traced(service_application())
