"""Fixtures of a service's tests, named in its ``pytest.ini`` by ``-p conformance.fixtures`` after pytest-django."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test.utils import override_settings, setup_databases, teardown_databases


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """Create the test database for any selection of tests: some tests use it without pytest-django's fixtures."""
    with django_db_blocker.unblock():
        databases = setup_databases(verbosity=0, interactive=False)
    yield
    with django_db_blocker.unblock():
        teardown_databases(databases, verbosity=0)


@pytest.fixture(scope="session", autouse=True)
def fast_settings(django_test_environment: None) -> Iterator[None]:
    """Use a fast password hasher, and find static files on request instead of at startup.

    Django's default hasher takes 0.25 s per password, WhiteNoise's scan of static files 20 ms per test client.
    """
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(PASSWORD_HASHERS=hashers, WHITENOISE_AUTOREFRESH=True):
        yield
