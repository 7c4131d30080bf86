"""URLs: ``/health`` and, with ``EXPOSE_PORTAL``, the portal; all other paths are forwarded."""

from django.conf import settings
from django.urls import include, path, re_path

from problems.views import bad_request, not_found, server_error
from proxy import health, views

# The portal has / and all paths under /-/.
_OWN = r"health(?:/|\Z)|-(?:/|\Z)|\Z" if settings.EXPOSE_PORTAL else r"health(?:/|\Z)"

urlpatterns = [
    re_path(rf"^(?!{_OWN})", views.forward),
    path("health", health.health),
    path("health/", health.health),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("health/<path:rest>", health.unknown),
    *([path("", include("portal.urls"))] if settings.EXPOSE_PORTAL else []),
]

handler400 = bad_request
handler404 = not_found
handler500 = server_error
