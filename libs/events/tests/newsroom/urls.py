"""The URLs of the newsroom."""

from django.urls import include, path

urlpatterns = [path("", include("events.outbox.urls")), path("", include("chassis.urls"))]

handler404 = "chassis.problems.not_found"
handler500 = "chassis.problems.server_error"
