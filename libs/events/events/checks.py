"""The system check of ``EVENTS_BROKER_URL``."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

_INVALID = Error(
    "EVENTS_BROKER_URL is not the URL of a Redis server.",  # which may hold a password
    hint="Write redis://host:6379/0, rediss://... for TLS or unix:///path; percent-encode the password.",
    id="events.E001",
)


@register
def broker_url(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Report an invalid URL of the broker."""
    if not settings.EVENTS_BROKER_URL:
        return []
    from redis import RedisError

    from events import broker  # the import takes a second and 17 MB, so only with a broker

    try:
        broker.connect()
    except (ValueError, TypeError, RedisError):
        return [_INVALID]
    return []
