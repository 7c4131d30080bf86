"""The URLs of the order service."""

from django.urls import include, path

from orders.urls import router

urlpatterns = [
    *router.urls,  # first and not nested, because most requests match them
    path("", include("chassis.urls")),
]

handler400 = "problems.views.bad_request"
handler403 = "problems.views.permission_denied"
handler404 = "problems.views.not_found"
handler500 = "problems.views.server_error"
