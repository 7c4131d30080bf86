"""The settings of the order service, of a team that has copied it."""

from order_project.settings import *  # noqa: F403
from order_project.settings import DATABASES

ROOT_URLCONF = "tests.textbook.urls"
DATABASES["default"]["ATOMIC_REQUESTS"] = True
