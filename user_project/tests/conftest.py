from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from rest_framework.test import APIClient

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
