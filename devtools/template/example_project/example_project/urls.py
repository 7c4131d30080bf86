"""The URLs of the example service."""

from django.urls import include, path

from widgets.urls import router

urlpatterns = [
    *router.urls,  # first and not nested, because most requests match them
    path("", include("events.outbox.urls")),  # publishes
    path("", include("chassis.urls")),
]

handler400 = "problems.views.bad_request"
handler403 = "problems.views.permission_denied"
handler404 = "problems.views.not_found"
handler500 = "problems.views.server_error"
