from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import override_settings, setup_databases, teardown_databases
from rest_framework.test import APIClient

from conformance.cases import Ask
from conformance.modes import MODES, serving
from tests.textbook import people
from users.models import User

PROJECT = Path(__file__).parents[1]

_numbers = count(1)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker):
    """Create the test database for any selection of tests: some tests use it without pytest-django's fixtures."""
    with django_db_blocker.unblock():
        databases = setup_databases(verbosity=0, interactive=False)
    yield
    with django_db_blocker.unblock():
        teardown_databases(databases, verbosity=0)


@pytest.fixture(scope="session", autouse=True)
def fast_settings(django_test_environment):
    """Use a fast password hasher, and find static files on request instead of at startup.

    Django's default hasher takes 0.25 s per password, WhiteNoise's scan of static files 20 ms per test client.
    """
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(PASSWORD_HASHERS=hashers, WHITENOISE_AUTOREFRESH=True):
        yield


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
