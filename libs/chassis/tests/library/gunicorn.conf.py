"""gunicorn's settings for the library: those of chassis."""

from chassis.server import service_configuration

globals().update(service_configuration("library", port=8000))

worker_class = "gthread"
