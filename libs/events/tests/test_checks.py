import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError


@pytest.mark.parametrize(
    "url",
    [
        "http://:s3cret@broker",
        "broker:6379",
        "redis://:s3/cret@broker",
        "redis://:s3cret@broker?socket_timeout=soon",
        "redis://:s3cret@broker?unknown=1",
        "rediss://:s3cret@broker?ssl_cert_reqs=perhaps",
    ],
)
def test_an_invalid_url_of_the_broker_is_refused_without_its_password(settings, url):
    settings.EVENTS_BROKER_URL = url

    with pytest.raises(SystemCheckError, match="EVENTS_BROKER_URL is not the URL of a Redis server") as raised:
        call_command("check")

    assert "s3" not in str(raised.value)


@pytest.mark.parametrize("url", ["", "redis://broker:6379/0", "rediss://:s3cret@broker", "unix:///run/redis.sock"])
def test_a_url_of_a_redis_server_is_accepted(settings, url):
    settings.EVENTS_BROKER_URL = url

    call_command("check")
