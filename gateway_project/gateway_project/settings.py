"""Settings of the gateway, varied by the environment. The file ``GATEWAY_CONFIG`` has the routes."""

from typing import Any

from chassis.environment import flag, log_format, log_level, secret_key, service_tokens, text, trusted_proxies
from gateway_project.environment import origins, redis_url
from observability.logs import logging_config

DEBUG = flag("DEBUG")
SECRET_KEY = secret_key("gateway")
# Not checked here: Host is forwarded, and the services validate it.
ALLOWED_HOSTS: list[str] = []

ROOT_URLCONF = "gateway_project.urls"
WSGI_APPLICATION = "gateway_project.wsgi.application"
INSTALLED_APPS = ["problems", "proxy", "portal"]
# No middleware may change responses of the upstreams.
MIDDLEWARE = ["observability.request_id.RequestIdMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES: dict[str, Any] = {}
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

SERVICE_NAME = "gateway"  # in every line of the log
LOG_FORMAT = log_format()
LOGGING = logging_config(SERVICE_NAME, LOG_FORMAT, level=log_level())
ACCESS_LOG = flag("ACCESS_LOG", default=True)

# Networks of proxies whose X-Forwarded-* are trusted.
TRUSTED_PROXIES = trusted_proxies()
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # removed from other requests (proxy.received)
# Foreign origins whose pages may send unsafe requests: "https://shop.example.com".
ALLOWED_ORIGINS = origins("ALLOWED_ORIGINS")
# Token that the gateway sends to the services, which may require it. The client's is removed.
SERVICE_TOKENS = service_tokens()
# Bytes of a body that are kept in memory.
FILE_UPLOAD_MAX_MEMORY_SIZE = 65_536
# Folder for larger bodies; if empty, the temporary directory of the system.
FILE_UPLOAD_TEMP_DIR = text("FILE_UPLOAD_TEMP_DIR") or None
# Redis server that counts rate limits; if empty, each process counts in memory.
REDIS_URL = redis_url("REDIS_URL")

# Whether the gateway serves the portal, at / and under /-/ (docs/gateway.md).
EXPOSE_PORTAL = flag("EXPOSE_PORTAL", default=DEBUG)

# Set if TLS is terminated in front of the gateway.
HTTPS_ONLY = flag("HTTPS_ONLY")
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS_ONLY else 0  # on the gateway's own responses; the services set theirs
SILENCED_SYSTEM_CHECKS = [
    "security.W001",  # SecurityMiddleware would change the services' responses, which have these headers
    "security.W002",  # so would XFrameOptionsMiddleware
    "security.W003",  # the gateway has no forms; the services check CSRF tokens
    "security.W008",  # the TLS terminator in front redirects to https
    "security.W020",  # see ALLOWED_HOSTS
]
