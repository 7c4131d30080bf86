"""The settings of the user service, of a team that has copied it."""

from user_project.settings import *  # noqa: F403
from user_project.settings import DATABASES, INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = [*INSTALLED_APPS, "textbook"]
MIDDLEWARE = [*MIDDLEWARE, "textbook.middleware.TeamMiddleware"]
ROOT_URLCONF = "textbook.urls"
DATABASES["default"]["ATOMIC_REQUESTS"] = True
