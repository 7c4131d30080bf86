"""The rows that every case finds."""

from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import Group, Permission
from django.contrib.auth.models import User as Account
from django.contrib.sessions.models import Session

from users.models import User

ADA, EVE, GROUP = 900_001, 900_002, 900_003  # far from what a sequence gives
PASSWORD = "secret"


def create():
    User.objects.create(pk=ADA, name="Ada Lovelace", email="ada@example.com")
    User.objects.create(pk=EVE, name="Eve", email="eve@example.com")
    password = MD5PasswordHasher().encode(PASSWORD, "salt")
    Account.objects.create(username="admin", is_staff=True, is_superuser=True, password=password)
    Account.objects.create(username="Eve", password=password)
    group = Group.objects.create(pk=GROUP, name="readers")
    group.permissions.add(Permission.objects.get(codename="view_user", content_type__app_label="users"))


def delete():
    for model in (User, Account, Group, Session):
        model.objects.all().delete()
