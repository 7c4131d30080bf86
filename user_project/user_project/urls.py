"""The addresses of the user service."""

from django.contrib import admin
from django.urls import path
from drf_spectacular.views import SpectacularJSONAPIView

from chassis import health
from chassis.metrics import metrics
from users.urls import router

urlpatterns = [
    *router.urls,  # first, and without a level of their own: most requests are for them
    path("admin/user/", admin.site.urls),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("metrics", metrics),
    path("openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
]

handler400 = "chassis.problems.bad_request"
handler403 = "chassis.problems.permission_denied"
handler404 = "chassis.problems.not_found"
handler500 = "chassis.problems.server_error"
