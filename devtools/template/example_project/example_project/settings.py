"""Settings of the example service, in addition to the common ones.

For environment variables see .env.example.
"""

import speedups
from chassis.environment import database, text
from chassis.settings import APPS, PAGE_MIDDLEWARE, REQUEST_MIDDLEWARE, service_settings
from openapi.settings import spectacular_settings

globals().update(service_settings("example"))

INSTALLED_APPS = ["widgets", "events.inbox", "events.outbox", *APPS, *speedups.APPS]
MIDDLEWARE = [*REQUEST_MIDDLEWARE, *speedups.MIDDLEWARE, *PAGE_MIDDLEWARE]
DATABASES = {"default": database("example_service_db") | speedups.DATABASE}
SPECTACULAR_SETTINGS = spectacular_settings("Example service", "Widgets.")

# begin consumes
# The events that this service consumes.
EVENT_SUBSCRIPTIONS = [
    # begin consumed
    "widgets.user_events.users",
    # end consumed
]
# end consumes

# The user service, which this service calls.
USER_SERVICE_URL = text("USER_SERVICE_URL", "http://127.0.0.1:8000")
USER_SERVICE_TIMEOUT = (1.0, 2.0)  # connect and read limits, in seconds
