from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from widgets.models import Widget


@pytest.fixture
def api() -> APIClient:
    return APIClient()


@pytest.fixture
def make_widget(db: None) -> Callable[..., Widget]:
    def make(**overrides: Any) -> Widget:
        return Widget.objects.create(**{"name": "First"} | overrides)

    return make
