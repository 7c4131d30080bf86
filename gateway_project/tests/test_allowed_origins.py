import pytest
from django.core.exceptions import ImproperlyConfigured

from gateway_project.origins import origins


def test_origins_are_compared_in_lower_case(monkeypatch):
    assert origins("ALLOWED_ORIGINS") == frozenset()

    monkeypatch.setenv("ALLOWED_ORIGINS", "https://Shop.example,http://localhost:3000,http://[::1]:80")

    assert origins("ALLOWED_ORIGINS") == {
        "https://shop.example",
        "http://localhost:3000",
        "http://[::1]:80",
    }


@pytest.mark.parametrize("wrong", ["*", "null", "shop.example", "https://shop.example/", "https://*.example"])
def test_malformed_origin_is_refused(monkeypatch, wrong):
    monkeypatch.setenv("ALLOWED_ORIGINS", wrong)

    with pytest.raises(ImproperlyConfigured, match=r"ALLOWED_ORIGINS: .* is not an origin"):
        origins("ALLOWED_ORIGINS")
