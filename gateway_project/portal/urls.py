"""URLs of the portal."""

from django.urls import path

from portal import views

urlpatterns = [
    path("", views.landing),
    path("-/status", views.status),
    path("-/docs", views.docs),
    path("-/openapi.json", views.openapi),
    path("-/static/<str:name>", views.static),
    path("-", views.unknown),
    path("-/<path:rest>", views.unknown),
    path("-/", views.unknown),
]
