"""Hosts of the API are those of the settings, whether or not they have been seen before."""

import pytest
from application_client import ask

from chassis.wsgi import service_application

pytestmark = pytest.mark.django_db


@pytest.fixture
def application():
    return service_application()


@pytest.mark.parametrize("host", ["evil.example", "a b", "", "[::1", "localhost.evil.example"])
@pytest.mark.parametrize("allowed", [["localhost"], ["*"]])
def test_hosts_are_refused_as_by_django(application, settings, host, allowed):
    settings.ALLOWED_HOSTS = allowed
    expected = (
        "200 OK"
        if allowed == ["*"] and host in ("evil.example", "localhost.evil.example")
        else "400 Bad Request"
    )

    assert [ask(application, "/books", HTTP_HOST=host)[0] for _ in range(2)] == [expected, expected]


def test_allowed_hosts_are_those_of_the_settings(application, settings):
    settings.ALLOWED_HOSTS = ["shop.example"]
    assert ask(application, "/books", HTTP_HOST="shop.example:8081")[0] == "200 OK"

    settings.ALLOWED_HOSTS = ["other.example"]
    assert ask(application, "/books", HTTP_HOST="shop.example:8081")[0] == "400 Bad Request"
