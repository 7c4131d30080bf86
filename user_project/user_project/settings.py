"""Settings of the user service, in addition to the common ones. For environment variables see .env.example."""

import speedups
from chassis.environment import database
from chassis.settings import APPS, PAGE_MIDDLEWARE, REQUEST_MIDDLEWARE, service_settings
from openapi.settings import spectacular_settings

globals().update(service_settings("user"))

INSTALLED_APPS = ["users", "events.outbox", *APPS, *speedups.APPS]
MIDDLEWARE = [*REQUEST_MIDDLEWARE, *speedups.MIDDLEWARE, *PAGE_MIDDLEWARE]
DATABASES = {"default": database("user_service_db") | speedups.DATABASE}
SPECTACULAR_SETTINGS = spectacular_settings(
    "User service", "Users, who can place orders: their names and e-mail addresses."
)
