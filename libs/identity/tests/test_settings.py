import importlib

import pytest
from django.core.exceptions import ImproperlyConfigured
from rest_framework.settings import perform_import

from identity import settings as module


@pytest.fixture
def choose(monkeypatch):
    """Reload the settings with a value of AUTH."""

    def read(value):
        if value is None:
            monkeypatch.delenv("AUTH", raising=False)
        else:
            monkeypatch.setenv("AUTH", value)
        return importlib.reload(module)

    yield read
    monkeypatch.undo()
    importlib.reload(module)


@pytest.mark.parametrize("value", [None, "", "false", "False"])
def test_callers_are_not_authenticated_by_default(choose, value):
    settings = choose(value)

    assert settings.AUTHENTICATION_CLASSES == []
    assert settings.PERMISSION_CLASSES == ["rest_framework.permissions.AllowAny"]
    assert settings.identity_settings([]) == {"AUTH": False}


@pytest.mark.parametrize("value", ["true", "True"])
def test_callers_are_authenticated_with_auth(choose, value):
    settings = choose(value)

    for classes in (settings.AUTHENTICATION_CLASSES, settings.PERMISSION_CLASSES):
        assert [one.__module__.partition(".")[0] for one in perform_import(classes, "")] == ["identity"] * len(classes)
    assert settings.identity_settings(["secret"]) == {"AUTH": True}


def test_auth_without_a_service_token_is_refused(choose):
    with pytest.raises(ImproperlyConfigured, match="AUTH=true requires SERVICE_TOKEN"):
        choose("true").identity_settings([])


@pytest.mark.parametrize("value", ["ture", "1", "on", " true"])
def test_other_values_are_refused(choose, value):
    with pytest.raises(ImproperlyConfigured, match="AUTH must be true or false"):
        choose(value)
