"""The rows of every case."""

from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import Group, Permission
from django.contrib.auth.models import User as Account
from django.contrib.sessions.models import Session
from django.db import connection, transaction

from users.models import User

ADA, EVE, GROUP = 900_001, 900_002, 900_003  # far above the values of a sequence
PASSWORD = "secret"
TABLES = [
    model._meta.db_table
    for model in (
        *(Session, LogEntry, Account.groups.through, Account.user_permissions.through, Account),
        *(Group.permissions.through, Group, User),
    )
]


def create():
    ada = User(pk=ADA, name="Ada Lovelace", email="ada@example.com")
    eve = User(pk=EVE, name="Eve", email="eve@example.com")
    password = MD5PasswordHasher().encode(PASSWORD, "salt")
    admin = Account(username="admin", is_staff=True, is_superuser=True, password=password)
    with transaction.atomic():
        User.objects.bulk_create([ada, eve])
        Account.objects.bulk_create([admin, Account(username="Eve", password=password)])
        group = Group.objects.create(pk=GROUP, name="readers")
        group.permissions.add(Permission.objects.get(codename="view_user", content_type__app_label="users"))


def delete():
    """Empty the tables and those that refer to them, which packages may add. It is faster than deleting models."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")
