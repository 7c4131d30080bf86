"""The address of the feed."""

from django.urls import path

from events.outbox.views import events

urlpatterns = [path("events", events)]
