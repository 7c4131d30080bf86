"""gunicorn's settings for the order service: ``gunicorn order_project.wsgi`` in this folder."""

import speedups
from chassis.server import service_configuration

globals().update(service_configuration("order", port=3000))

worker_class = speedups.WORKER_CLASS
threads = 6
