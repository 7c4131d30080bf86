"""Settings as a service has them, with constants where a service reads its environment."""

from datetime import timedelta

from chassis.environment import LOOPBACK_HOSTS, database
from chassis.logs import logging_config
from chassis.rest import defaults

SERVICE_NAME = "library"
DEBUG = False
SECRET_KEY = "of-the-tests-and-of-nothing-else"
ALLOWED_HOSTS = LOOPBACK_HOSTS
TRUSTED_PROXIES = ()  # of networks
SERVICE_TOKENS: list[str] = []

INSTALLED_APPS = [
    "library.books",
    "axes",
    "chassis",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_filters",
    "drf_spectacular",
    "rest_framework",
]
MIDDLEWARE = [
    "chassis.client_address.ForwardedMiddleware",
    "chassis.request_id.RequestIdMiddleware",
    "chassis.tracing.TracingMiddleware",
    "chassis.access_log.AccessLogMiddleware",
    "chassis.metrics.MetricsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "chassis.service_token.ServiceTokenMiddleware",
    "chassis.request_body.BodyLimitMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "chassis.hosts.HostMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "chassis.rest.exceptions.DatabaseUnavailableMiddleware",
]
ROOT_URLCONF = "library.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": database("library_db"),
    "writer": database("library_db") | {"TEST": {"MIRROR": "default"}},  # for tests of routers
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LIST_TIMEOUT = "250ms"
LIST_SEARCHES = 1

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the default takes a quarter of a second
AXES_FAILURE_LIMIT = 2
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_HANDLER = "chassis.sign_in.SignInHandler"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "chassis.client_address.client_address"
AXES_LOCKOUT_CALLABLE = "chassis.sign_in.locked_out"
AXES_VERBOSE = False

CSRF_FAILURE_VIEW = "chassis.problems.csrf_failure"
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

LOG_FORMAT = "json"
LOGGING = logging_config(SERVICE_NAME, LOG_FORMAT)
ACCESS_LOG = True

REST_FRAMEWORK = defaults.REST_FRAMEWORK
SPECTACULAR_SETTINGS = defaults.spectacular_settings("Library", "Books.")
