"""Settings of a project with migrations that can be stopped in the middle, and a database as every service has it."""

import atexit
import gc

from chassis.environment import database

atexit.register(gc.freeze)  # skips the interpreter's last garbage collections, a quarter of a command's time

SECRET_KEY = "of these tests"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "migrating", "bank.ledger"]
DATABASES = {"default": database("bank_db")}
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
