from collections.abc import Callable
from ipaddress import ip_network
from itertools import count
from typing import Any

import pytest
from django.db import connection, connections
from rest_framework.test import APIClient
from textbook import apps, clients

from users.models import User

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


@pytest.fixture(scope="session")
def copy_under_gunicorn(django_db_setup, tmp_path_factory):
    with clients.gunicorn(connection.settings_dict, tmp_path_factory.mktemp("copy")) as url:
        yield url


@pytest.fixture
def copy_in_process(settings, monkeypatch):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "textbook.middleware.TeamMiddleware"]
    settings.ROOT_URLCONF = "textbook.urls"
    settings.TRUSTED_PROXIES = (ip_network("127.0.0.1"),)
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)  # noqa: FBT003
    apps.connect()
    yield clients.in_process()
    apps.disconnect()


@pytest.fixture(params=["in process", "under gunicorn"])
def ask(request):
    if request.param == "in process":
        return request.getfixturevalue("copy_in_process")
    return clients.over_network(request.getfixturevalue("copy_under_gunicorn"))


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user(name="Ada Lovelace", email="ada@example.com")
