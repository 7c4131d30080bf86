import pytest
from callers import SERVICE_TOKEN

from observability.actor import set_actor

pytest_plugins = ["library.fixtures"]


@pytest.fixture(autouse=True)
def no_actor():
    yield
    set_actor("")


@pytest.fixture
def auth(settings):
    """Authenticate callers, as with AUTH=true."""
    settings.AUTH = True
    settings.SERVICE_TOKENS = [SERVICE_TOKEN]
    return settings
