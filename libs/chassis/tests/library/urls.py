"""The URLs of the library."""

from django.urls import include, path

from chassis.rest.routers import OptionalSlashRouter
from library.books.views import BookViewSet

router = OptionalSlashRouter()
router.register("books", BookViewSet)

urlpatterns = [*router.urls, path("", include("chassis.urls"))]

handler400 = "chassis.problems.bad_request"
handler403 = "chassis.problems.permission_denied"
handler404 = "chassis.problems.not_found"
handler500 = "chassis.problems.server_error"
