from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from rest_framework.test import APIClient

from conformance.cases import Ask
from conformance.modes import MODES, serving
from tests.textbook import people
from users.models import User

PROJECT = Path(__file__).parents[1]

_numbers = count(1)


@pytest.fixture
def api() -> APIClient:
    return APIClient()


@pytest.fixture
def make_user(db: None) -> Callable[..., User]:
    def make(**overrides: Any) -> User:
        number = next(_numbers)
        return User.objects.create(**{"name": "Ada", "email": f"ada{number}@example.com"} | overrides)

    return make


@pytest.fixture(scope="session", params=MODES)
def served(request, django_db_setup, tmp_path_factory):
    """The copied service of ``textbook``, served in each mode of ``conformance``."""
    environment = {
        "DATABASE_URL": "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict),
        "DJANGO_SETTINGS_MODULE": "tests.textbook.settings",
        "SECRET_KEY": settings.SECRET_KEY,  # signs the sessions that tests make
    }
    with serving(request.param, PROJECT, environment, tmp_path_factory.mktemp("copy")) as ask:
        yield ask


@pytest.fixture
def ask(served, django_db_blocker):
    """A client of the copied service, with the users Ada and Eve.

    The rows are committed, because other processes read them. Deleting them is faster than truncating all tables.
    """
    with django_db_blocker.unblock():
        people.create()
        yield served
        people.delete()


@pytest.fixture
def ada(ask: Ask) -> User:
    return User.objects.get(pk=people.ADA)


@pytest.fixture
def eve(ask: Ask) -> User:
    return User.objects.get(pk=people.EVE)
