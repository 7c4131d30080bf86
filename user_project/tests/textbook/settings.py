"""The settings of the user service, of a team that has copied it."""

from ipaddress import ip_network

from user_project.settings import *  # noqa: F403
from user_project.settings import DATABASES, INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = [*INSTALLED_APPS, "textbook"]
MIDDLEWARE = [*MIDDLEWARE, "textbook.middleware.TeamMiddleware"]
TRUSTED_PROXIES = (ip_network("127.0.0.1"),)  # a proxy on this machine
ROOT_URLCONF = "textbook.urls"
DATABASES["default"]["ATOMIC_REQUESTS"] = True
