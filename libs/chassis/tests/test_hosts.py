"""Validation of the Host header."""

import pytest

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("host", ["evil.example", "a b", "", "[::1", "localhost.evil.example"])
@pytest.mark.parametrize("allowed", [["localhost"], ["*"]])
def test_hosts_are_refused_as_by_django(api, settings, host, allowed):
    settings.ALLOWED_HOSTS = allowed
    is_allowed = allowed == ["*"] and host in ("evil.example", "localhost.evil.example")

    assert api.get("/books", headers={"host": host}).status_code == (200 if is_allowed else 400)


@pytest.mark.parametrize(("allowed", "status"), [("shop.example", 200), ("other.example", 400)])
def test_allowed_host_may_have_any_port(api, settings, allowed, status):
    settings.ALLOWED_HOSTS = [allowed]

    assert api.get("/books", headers={"host": "shop.example:8081"}).status_code == status
