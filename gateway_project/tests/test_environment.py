import pytest
from django.core.exceptions import ImproperlyConfigured

from gateway_project.environment import origins, redis_url


def test_origins_are_compared_in_lower_case(monkeypatch):
    assert origins("ALLOWED_ORIGINS") == frozenset()

    monkeypatch.setenv("ALLOWED_ORIGINS", "https://Shop.example,http://localhost:3000,http://[::1]:81")

    assert origins("ALLOWED_ORIGINS") == {
        "https://shop.example",
        "http://localhost:3000",
        "http://[::1]:81",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        "*",
        "null",
        "shop.example",
        "https://shop.example/",
        "https://*.example",
        "https://shop.example:443",
        "https://shop.example:abc",
    ],
)
def test_malformed_origin_is_refused(monkeypatch, wrong):
    monkeypatch.setenv("ALLOWED_ORIGINS", wrong)

    with pytest.raises(ImproperlyConfigured, match=r"ALLOWED_ORIGINS: .*(is not an origin|Port)"):
        origins("ALLOWED_ORIGINS")


@pytest.mark.parametrize("url", ["", "redis://host:6379/0", "rediss://:secret@host", "redis+unix:///run/redis.sock"])
def test_urls_of_redis(monkeypatch, tmp_path, url):
    monkeypatch.setenv("REDIS_URL", url)
    assert redis_url("REDIS_URL") == url

    monkeypatch.delenv("REDIS_URL")
    (tmp_path / "url").write_text(url)
    monkeypatch.setenv("REDIS_URL_FILE", str(tmp_path / "url"))
    assert redis_url("REDIS_URL") == url


@pytest.mark.parametrize(
    "wrong", ["secret", "http://:secret@host", "redis://", "redis://:secret@host:x", "redis://:secret@host:0"]
)
def test_other_urls_are_refused_without_the_password(monkeypatch, wrong):
    monkeypatch.setenv("REDIS_URL", wrong)

    with pytest.raises(ImproperlyConfigured, match="REDIS_URL is not the URL") as raised:
        redis_url("REDIS_URL")

    assert "secret" not in str(raised.value)
