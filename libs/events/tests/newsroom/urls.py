"""The URLs of the newsroom."""

from django.urls import include, path

urlpatterns = [path("", include("events.outbox.urls")), path("", include("chassis.urls"))]

handler404 = "problems.views.not_found"
handler500 = "problems.views.server_error"
