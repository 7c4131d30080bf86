"""Settings of the order service, in addition to the common ones. For environment variables see .env.example."""

import speedups
from chassis.environment import count, database, flag, seconds, text
from chassis.rest import defaults
from chassis.settings import APPS, PAGE_MIDDLEWARE, REQUEST_MIDDLEWARE, service_settings
from openapi.settings import spectacular_settings

globals().update(service_settings("order"))

INSTALLED_APPS = ["orders", "idempotency", "known_users", "events.inbox", *APPS, *speedups.APPS]
MIDDLEWARE = [*REQUEST_MIDDLEWARE, *speedups.MIDDLEWARE, *PAGE_MIDDLEWARE]
DATABASES = {"default": database("order_service_db") | speedups.DATABASE}
REST_FRAMEWORK = defaults.REST_FRAMEWORK | {"EXCEPTION_HANDLER": "orders.exceptions.exception_handler"}
SPECTACULAR_SETTINGS = spectacular_settings("Order service", "Orders of products by users of the user service.") | {
    "ENUM_NAME_OVERRIDES": {"OrderStatus": "orders.models.Order.Status"}
}

# Calls to the user service. Durations are in seconds.
USER_SERVICE_URL = text("USER_SERVICE_URL", "http://127.0.0.1:8000")
USER_SERVICE_CONNECT_TIMEOUT = seconds("USER_SERVICE_CONNECT_TIMEOUT", default=1.0)
USER_SERVICE_READ_TIMEOUT = seconds("USER_SERVICE_READ_TIMEOUT", default=2.0)
USER_SERVICE_TOTAL_TIMEOUT = seconds("USER_SERVICE_TOTAL_TIMEOUT", default=3.0)
USER_SERVICE_BREAKER_FAILURES = count("USER_SERVICE_BREAKER_FAILURES", default=3)
USER_SERVICE_BREAKER_SECONDS = seconds("USER_SERVICE_BREAKER_SECONDS", default=2.0, may_be_zero=True)
USER_SERVICE_CONCURRENCY = count("USER_SERVICE_CONCURRENCY", default=5)  # fewer than gunicorn's threads
USER_CACHE_SECONDS = seconds("USER_CACHE_SECONDS", default=0, may_be_zero=True)
USER_STALE_SECONDS = seconds("USER_STALE_SECONDS", default=0, may_be_zero=True)

# The replica of users from the user service's events, and its use while the user service is unavailable.
EVENT_SUBSCRIPTIONS = ["known_users.events.users"]
ORDERS_DURING_OUTAGE = flag("ORDERS_DURING_OUTAGE")
USER_REPLICA_MAX_AGE = seconds("USER_REPLICA_MAX_AGE", default=3600, may_be_zero=True)  # since the events were read

# Seconds after which an unfinished claim of an idempotency key is taken over, because its worker is presumed dead. Must
# exceed the duration of any request.
IDEMPOTENCY_LOCK_SECONDS = seconds("IDEMPOTENCY_LOCK_SECONDS", default=30.0)

# Link from the order admin to a user. It is relative, because the gateway serves both admins.
USER_ADMIN_URL = text("USER_ADMIN_URL", "/admin/user/users/user/{user_id}/change/")
