"""The addresses of the library."""

from django.contrib import admin
from django.urls import path
from drf_spectacular.views import SpectacularJSONAPIView

from chassis import health
from chassis.metrics import metrics
from chassis.rest.routers import OptionalSlashRouter
from library.books.views import BookViewSet

router = OptionalSlashRouter()
router.register("books", BookViewSet)

urlpatterns = [
    *router.urls,
    path("admin/", admin.site.urls),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("metrics", metrics),
    path("openapi.json", SpectacularJSONAPIView.as_view()),
]

handler400 = "chassis.problems.bad_request"
handler403 = "chassis.problems.permission_denied"
handler404 = "chassis.problems.not_found"
handler500 = "chassis.problems.server_error"
