"""Settings of a service that publishes articles and consumes its own events."""

from chassis.environment import database
from chassis.settings import APPS, PAGE_MIDDLEWARE, REQUEST_MIDDLEWARE, service_settings
from openapi.settings import spectacular_settings

globals().update(service_settings("newsroom"))

ROOT_URLCONF = "newsroom.urls"
INSTALLED_APPS = ["newsroom.articles", "events.outbox", "events.inbox", *APPS]
MIDDLEWARE = [*REQUEST_MIDDLEWARE, *PAGE_MIDDLEWARE]
DATABASES = {"default": database("newsroom_db")}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the default takes a quarter of a second
WHITENOISE_AUTOREFRESH = True  # else it lists all static files for each client of a test
SPECTACULAR_SETTINGS = spectacular_settings("Newsroom", "Articles.")
EVENT_SUBSCRIPTIONS = ["newsroom.articles.copies.articles"]
