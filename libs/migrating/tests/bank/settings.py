"""Settings of a project with migrations that can be stopped in the middle, and a database as every service has it."""

import atexit
import gc

from chassis.environment import database

atexit.register(gc.freeze)  # as the services' manage.py: skips the interpreter's last garbage collections

SECRET_KEY = "of these tests"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "migrating", "bank.ledger"]
DATABASES = {"default": database("bank_db")}
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
