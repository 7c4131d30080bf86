"""The WSGI application of the order service."""

import os

from django.core.wsgi import get_wsgi_application

from observability.tracing import traced

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "order_project.settings")

application = traced(get_wsgi_application())
