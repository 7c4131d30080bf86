"""The Django settings that all services share.

A service's ``settings.py`` includes them by ``globals().update(service_settings("user"))`` and adds its own.
"""

from datetime import timedelta
from typing import Any

from chassis.environment import (
    LOOPBACK_HOSTS,
    count,
    env,
    flag,
    log_format,
    log_level,
    secret,
    secret_key,
    service_tokens,
    statement_timeout,
    text,
    trusted_proxies,
)
from chassis.rest import defaults
from identity.settings import AUTHENTICATION_MIDDLEWARE, identity_settings
from observability.logs import logging_config

APPS = [
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
    "migrating",
    "problems",
    "rest_framework",
]
# For all requests.
REQUEST_MIDDLEWARE = [
    "chassis.client_address.ForwardedMiddleware",
    "observability.request_id.RequestIdMiddleware",
    "observability.tracing.TracingMiddleware",
    "chassis.access_log.AccessLogMiddleware",
    "observability.metrics.MetricsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "chassis.service_token.ServiceTokenMiddleware",
    "chassis.request_body.BodyLimitMiddleware",
    "chassis.hosts.HostMiddleware",
]
# Mostly for HTML pages; to be listed after REQUEST_MIDDLEWARE.
PAGE_MIDDLEWARE = [
    "chassis.pages.PageSecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    *AUTHENTICATION_MIDDLEWARE,
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "problems.exceptions.DatabaseUnavailableMiddleware",
]


def service_settings(name: str) -> dict[str, Any]:
    """Return the settings of the service ``name``, whose package is ``{name}_project``.

    Raises:
        ImproperlyConfigured: a variable of the environment is missing or has an invalid value.
    """
    return {
        "DEBUG": flag("DEBUG"),
        "SECRET_KEY": secret_key(name),
        "ALLOWED_HOSTS": env.list("ALLOWED_HOSTS", default=[]) or LOOPBACK_HOSTS,
        "CSRF_TRUSTED_ORIGINS": env.list("CSRF_TRUSTED_ORIGINS", default=[]),
        "TRUSTED_PROXIES": trusted_proxies(),
        "SERVICE_TOKENS": service_tokens(),
        "ROOT_URLCONF": f"{name}_project.urls",
        "WSGI_APPLICATION": f"{name}_project.wsgi.application",
        "TEMPLATES": _templates(),
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "LANGUAGE_CODE": "en",
        "TIME_ZONE": "UTC",
        "USE_TZ": True,
        "CONTENT_SECURITY_POLICY": defaults.CONTENT_SECURITY_POLICY,
        "REST_FRAMEWORK": defaults.REST_FRAMEWORK,
        "LIST_TIMEOUT": statement_timeout("LIST_TIMEOUT", default="250ms"),  # of each statement of a list
        "LIST_SEARCHES": count("LIST_SEARCHES", default=1),  # concurrent searches per process; fewer than threads
        # The services share one host name behind the gateway, so each has its own cookies and static files.
        "SESSION_COOKIE_NAME": f"{name}_sessionid",
        **identity_settings(service_tokens()),
        "CSRF_COOKIE_NAME": f"{name}_csrftoken",
        "CSRF_FAILURE_VIEW": "problems.views.csrf_failure",
        "STATIC_URL": f"/static/{name}/",
        "WHITENOISE_USE_FINDERS": True,  # serves the files of installed packages without collectstatic
        "SERVICE_NAME": name,  # in every line of the log
        "LOG_FORMAT": log_format(),
        "LOGGING": logging_config(name, log_format(), level=log_level()),
        "EVENTS_BROKER_URL": secret("EVENTS_BROKER_URL"),  # redis://host:6379/0; events are also published there
        "WORKER_HEARTBEAT_FILE": text("WORKER_HEARTBEAT_FILE"),  # touched by `manage.py work`
        "ACCESS_LOG": flag("ACCESS_LOG", default=True),
        **_sign_in(),
        **_tls(https_only=flag("HTTPS_ONLY")),
    }


def _templates() -> list[dict[str, Any]]:
    processors = [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]
    backend = "django.template.backends.django.DjangoTemplates"
    return [{"BACKEND": backend, "APP_DIRS": True, "OPTIONS": {"context_processors": processors}}]


def _sign_in() -> dict[str, Any]:
    """Return the settings of sign-in: five failures lock an account for an address for 15 minutes."""
    backends = ["identity.sign_in.SignInBackend", "django.contrib.auth.backends.ModelBackend"]
    module = "django.contrib.auth.password_validation"
    validators = ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
    return {
        "AUTHENTICATION_BACKENDS": backends,
        "AUTH_PASSWORD_VALIDATORS": [{"NAME": f"{module}.{validator}"} for validator in validators],
        "AXES_FAILURE_LIMIT": 5,
        "AXES_COOLOFF_TIME": timedelta(minutes=15),
        "AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT": False,
        "AXES_HANDLER": "identity.sign_in.SignInHandler",
        "AXES_LOCKOUT_PARAMETERS": [["username", "ip_address"]],
        "AXES_RESET_ON_SUCCESS": True,
        "AXES_CLIENT_IP_CALLABLE": "chassis.client_address.client_address",
        "AXES_LOCKOUT_CALLABLE": "identity.sign_in.locked_out",
        "AXES_USERNAME_CALLABLE": "identity.sign_in.tried_username",
        "AXES_VERBOSE": False,
    }


def _tls(*, https_only: bool) -> dict[str, Any]:
    """Return the settings of TLS. A proxy terminates TLS and redirects HTTP; calls between services are plain HTTP."""
    return {
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),  # safe because of ForwardedMiddleware
        "SECURE_HSTS_SECONDS": 31_536_000 if https_only else 0,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": https_only,
        "SECURE_HSTS_PRELOAD": https_only,
        "SESSION_COOKIE_SECURE": https_only,
        "CSRF_COOKIE_SECURE": https_only,
        "SILENCED_SYSTEM_CHECKS": ["security.W008"],
    }
