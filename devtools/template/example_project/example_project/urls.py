"""The URLs of the example service."""

from django.urls import include, path

from widgets.urls import router

urlpatterns = [
    *router.urls,  # first, and without a level of their own: most requests are for them
    path("", include("chassis.urls")),
]

handler400 = "chassis.problems.bad_request"
handler403 = "chassis.problems.permission_denied"
handler404 = "chassis.problems.not_found"
handler500 = "chassis.problems.server_error"
