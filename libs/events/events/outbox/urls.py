"""The URL of the feed."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path

from events.outbox.views import events

urlpatterns = [path("events", login_not_required(events))]
