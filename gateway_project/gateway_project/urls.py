"""URLs: the gateway serves ``/health`` and paths below it; all other paths belong to the routes."""

from django.urls import path, re_path

from chassis import problems
from proxy import health, views

urlpatterns = [
    re_path(r"^(?!health(?:/|\Z))", views.forward),
    path("health", health.health),
    path("health/", health.health),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("health/<path:rest>", health.unknown),
]

handler400 = problems.bad_request
handler404 = problems.not_found
handler500 = problems.server_error
