"""gunicorn's settings for this service: ``gunicorn example_project.wsgi`` in this folder."""

import speedups
from chassis.server import service_configuration

globals().update(service_configuration("example", port=3900))

worker_class = speedups.WORKER_CLASS
threads = 2
