"""The settings of the copied user service."""

from ipaddress import ip_network

from user_project.settings import *  # noqa: F403
from user_project.settings import DATABASES, INSTALLED_APPS, MIDDLEWARE, REST_FRAMEWORK, TEMPLATES

INSTALLED_APPS = [*INSTALLED_APPS, "tests.textbook"]
MIDDLEWARE = [
    "tests.textbook.middleware.stamp",
    *MIDDLEWARE,
    "tests.textbook.middleware.TeamMiddleware",
    "tests.textbook.middleware.TeapotMiddleware",
    "tests.textbook.middleware.UnusedMiddleware",
]
TRUSTED_PROXIES = (ip_network("127.0.0.1"),)  # a proxy on this machine
ROOT_URLCONF = "tests.textbook.urls"
DATABASES["default"]["ATOMIC_REQUESTS"] = True
REST_FRAMEWORK = REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": {"reports": "1/min", "user": "1/min"}}
TEMPLATES[0]["OPTIONS"]["loaders"] = [
    ("django.template.loaders.locmem.Loader", {"user.html": "<h1>{{ user.name }}</h1>"}),
    "django.template.loaders.app_directories.Loader",
]
del TEMPLATES[0]["APP_DIRS"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
