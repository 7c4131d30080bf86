"""Settings of the user service. The environment varies them; .env.example lists every variable."""

from datetime import timedelta
from pathlib import Path

import speedups
from chassis.environment import LOOPBACK_HOSTS, database, env, secret_key, service_tokens, trusted_proxies
from chassis.logs import logging_config
from chassis.rest import defaults

BASE_DIR = Path(__file__).resolve().parents[1]

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = secret_key("user")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=LOOPBACK_HOSTS)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
TRUSTED_PROXIES = trusted_proxies()
SERVICE_TOKENS = service_tokens()

INSTALLED_APPS = [
    "users",
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
    *speedups.APPS,
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
    "chassis.hosts.HostMiddleware",
    *speedups.MIDDLEWARE,  # answers plain reads; what is below acts on pages
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "chassis.rest.exceptions.DatabaseUnavailableMiddleware",
]
ROOT_URLCONF = "user_project.urls"
WSGI_APPLICATION = "user_project.wsgi.application"
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

DATABASES = {"default": database("user_service_db") | speedups.DATABASE}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Of each statement of a list, in PostgreSQL's units; and how many searches a process runs at once, fewer than threads.
LIST_TIMEOUT = env.str("LIST_TIMEOUT", default="250ms")
LIST_SEARCHES = env.int("LIST_SEARCHES", default=1)

# Five failures lock an account for an address, twenty for every address that is new to it, for a quarter of an hour.
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_HANDLER = "chassis.sign_in.SignInHandler"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "chassis.client_address.client_address"
AXES_LOCKOUT_CALLABLE = "chassis.sign_in.locked_out"
AXES_VERBOSE = False

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]

# The services share one host name behind the gateway: each has its own cookies and its own folder of static files.
SESSION_COOKIE_NAME = "user_sessionid"
SESSION_COOKIE_PATH = "/admin/user/"
CSRF_COOKIE_NAME = "user_csrftoken"
CSRF_FAILURE_VIEW = "chassis.problems.csrf_failure"
STATIC_URL = "/static/user/"
WHITENOISE_USE_FINDERS = True  # serves the files of the installed packages; nothing to collect

SECURE_PROXY_SSL_HEADER = (
    "HTTP_X_FORWARDED_PROTO",
    "https",
)  # ForwardedMiddleware leaves that of trusted peers
# Behind something that ends TLS, redirects plain HTTP to it and sets X-Forwarded-Proto.
if HTTPS_ONLY := env.bool("HTTPS_ONLY", default=False):
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS_ONLY
# The redirect is made in front: made here, it would also answer the calls between services.
SILENCED_SYSTEM_CHECKS = ["security.W008"]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

SERVICE_NAME = "user"  # in every line of the log
LOG_FORMAT = env.str("LOG_FORMAT", default="console" if DEBUG else "json")
LOGGING = logging_config(SERVICE_NAME, LOG_FORMAT, level=env.str("LOG_LEVEL", default="INFO"))
ACCESS_LOG = env.bool("ACCESS_LOG", default=True)

REST_FRAMEWORK = defaults.REST_FRAMEWORK
SPECTACULAR_SETTINGS = defaults.spectacular_settings(
    "User service", "Users, who can place orders: their names and e-mail addresses."
)
