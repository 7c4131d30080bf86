"""gunicorn's settings for the user service: ``gunicorn user_project.wsgi`` in this folder."""

import speedups
from chassis.server import service_configuration

globals().update(service_configuration("user", port=8000))

worker_class = speedups.WORKER_CLASS
threads = 2
