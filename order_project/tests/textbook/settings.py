"""The settings of the copied order service."""

from order_project.settings import *  # noqa: F403
from order_project.settings import DATABASES

ROOT_URLCONF = "tests.textbook.urls"
DATABASES["default"]["ATOMIC_REQUESTS"] = True
