"""Settings of the gateway, varied by the environment. What is routed where is in the file ``GATEWAY_CONFIG``."""

from ipaddress import ip_network
from typing import Any

from chassis.environment import env, secret_key, service_tokens
from chassis.logs import logging_config

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = secret_key("gateway")
# Nothing here asks for it: Host is passed on, and the services decide which they answer to.
ALLOWED_HOSTS: list[str] = []

ROOT_URLCONF = "gateway_project.urls"
WSGI_APPLICATION = "gateway_project.wsgi.application"
INSTALLED_APPS = ["chassis", "proxy"]
# Only what every request needs: a middleware that touches answers would change what the upstream sent.
MIDDLEWARE = ["chassis.request_id.RequestIdMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES: dict[str, Any] = {}
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

SERVICE_NAME = "gateway"  # in every line of the log
LOG_FORMAT = env.str("LOG_FORMAT", default="json")
LOGGING = logging_config(SERVICE_NAME, LOG_FORMAT, level=env.str("LOG_LEVEL", default="INFO"))
ACCESS_LOG = env.bool("ACCESS_LOG", default=True)

# Networks of proxies in front of this one, whose X-Forwarded-* are believed: "10.0.0.0/8,192.0.2.7".
TRUSTED_PROXIES = [ip_network(network) for network in env.list("TRUSTED_PROXIES", default=[])]
# What the gateway shows the services, which may require it. A client's own is not passed on.
SERVICE_TOKENS = service_tokens()
# Where clients' rate limits are counted; empty counts in the memory of each process.
REDIS_URL = env.str("REDIS_URL", default="")

# Served over TLS by something in front.
HTTPS_ONLY = env.bool("HTTPS_ONLY", default=False)
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS_ONLY else 0  # on the gateway's own pages; the services set theirs
SESSION_COOKIE_SECURE = HTTPS_ONLY
CSRF_COOKIE_SECURE = HTTPS_ONLY
SILENCED_SYSTEM_CHECKS = [
    "security.W001",  # SecurityMiddleware would add headers to the answers of the services, which set their own
    "security.W002",  # so would XFrameOptionsMiddleware
    "security.W003",  # the gateway has no form of its own; CSRF tokens are between client and service
    "security.W008",  # redirecting to https is the job of what terminates TLS in front
    "security.W020",  # see ALLOWED_HOSTS
]
