"""Settings of a minimal service."""

from chassis.environment import database
from chassis.settings import APPS, PAGE_MIDDLEWARE, REQUEST_MIDDLEWARE, service_settings
from openapi.settings import spectacular_settings

globals().update(service_settings("library"))

ROOT_URLCONF = "library.urls"
WSGI_APPLICATION = "library.wsgi.application"
INSTALLED_APPS = ["library.books", *APPS]
MIDDLEWARE = [*REQUEST_MIDDLEWARE, *PAGE_MIDDLEWARE]
DATABASES = {
    "default": database("library_db"),
    "writer": database("library_db") | {"TEST": {"MIRROR": "default"}},  # for tests of routers
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the default takes a quarter of a second
WHITENOISE_AUTOREFRESH = True  # otherwise each test client scans all static files
AXES_FAILURE_LIMIT = 2
SPECTACULAR_SETTINGS = spectacular_settings("Library", "Books.")
