"""The URLs of the library."""

from django.urls import include, path

from chassis.rest.routers import OptionalSlashRouter
from library.books.views import BookViewSet

router = OptionalSlashRouter()
router.register("books", BookViewSet)

urlpatterns = [*router.urls, path("", include("chassis.urls"))]

handler400 = "problems.views.bad_request"
handler403 = "problems.views.permission_denied"
handler404 = "problems.views.not_found"
handler500 = "problems.views.server_error"
