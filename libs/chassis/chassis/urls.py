"""The URLs that all services share: ``path("", include("chassis.urls"))``."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import path

from chassis import health
from observability.metrics import metrics
from openapi.document import DocumentView
from problems.views import read_only

urlpatterns = [
    path(f"admin/{settings.SERVICE_NAME}/", admin.site.urls),
    path("health/live", login_not_required(read_only(health.live))),
    path("health/ready", login_not_required(read_only(health.ready))),
    path("metrics", login_not_required(read_only(metrics))),
    path("openapi.json", DocumentView.as_view(), name="openapi"),
]
