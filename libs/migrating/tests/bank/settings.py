"""Settings of a project with a migration that can be interrupted, and with the database settings of a service."""

import atexit
import gc

from chassis.environment import database

atexit.register(gc.freeze)  # skips garbage collection at exit, a quarter of a command's time

SECRET_KEY = "of these tests"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "migrating", "bank.ledger"]
DATABASES = {"default": database("bank_db")}
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
