"""The Redis or Valkey server at ``settings.EVENTS_BROKER_URL``, through whose streams events reach consumers sooner."""

from typing import Any

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

TIMEOUT = 2.0  # seconds: to connect, and between bytes
EPOCH, EVENT = "epoch", "event"  # the fields of an entry, whose id is POSITION-0


def connect() -> Any:
    """Return a ``Redis``, which connects when it is used; its types are those of the asynchronous client, too.

    Raises:
        ValueError, TypeError, redis.RedisError: the URL is invalid; the text may quote a part of it.
    """
    once_more = Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,))  # the server closes idle connections
    timeouts = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT}
    client = Redis.from_url(settings.EVENTS_BROKER_URL, decode_responses=True, retry=once_more, **timeouts)
    client.connection_pool.make_connection()  # checks the URL's options
    return client


def reason(error: RedisError) -> str:
    """Return what went wrong, without commands, which other errors quote: they hold events."""
    if isinstance(error, RedisConnectionError | RedisTimeoutError):
        return str(error)
    return type(error).__name__
