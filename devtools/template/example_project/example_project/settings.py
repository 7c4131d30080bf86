"""Settings of the example service beside those of every service. The environment varies them; see .env.example."""

import speedups
from chassis.environment import database, env
from chassis.settings import APPS, PAGE_MIDDLEWARE, REQUEST_MIDDLEWARE, service_settings
from openapi.settings import spectacular_settings

globals().update(service_settings("example"))

INSTALLED_APPS = ["widgets", "events.inbox", "events.outbox", *APPS, *speedups.APPS]
MIDDLEWARE = [*REQUEST_MIDDLEWARE, *speedups.MIDDLEWARE, *PAGE_MIDDLEWARE]
DATABASES = {"default": database("example_service_db") | speedups.DATABASE}
SPECTACULAR_SETTINGS = spectacular_settings("Example service", "Widgets.")

# begin consumes
# What this service reads of the events of others.
EVENT_SUBSCRIPTIONS = [
    # begin consumed
    "widgets.user_events.users",
    # end consumed
]
# end consumes

# The user service, as this service calls it.
USER_SERVICE_URL = env.str("USER_SERVICE_URL", default="http://127.0.0.1:8000")
USER_SERVICE_TIMEOUT = (1.0, 2.0)  # seconds for a connection, and for a part of the response
