"""The broker: a Redis or Valkey server whose streams deliver events sooner than a poll of the feed."""

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
    """Return a client of ``settings.EVENTS_BROKER_URL``, which connects on first use.

    Raises:
        ValueError, TypeError, redis.RedisError: the URL is invalid; the message may quote a part of it.
    """
    retry_once = Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,))  # the server closes idle connections
    timeouts = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT}
    client = Redis.from_url(settings.EVENTS_BROKER_URL, decode_responses=True, retry=retry_once, **timeouts)
    client.connection_pool.make_connection()  # checks the URL's options
    return client


def reason(error: RedisError) -> str:
    """Return the message of a connection error, or the type of another error, which may quote events."""
    if isinstance(error, RedisConnectionError | RedisTimeoutError):
        return str(error)
    return type(error).__name__
