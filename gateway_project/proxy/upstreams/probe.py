"""Eject a failing replica, and probe it with growing intervals until it can be reinstated."""

import logging
import random

import gevent

from proxy.errors import FAILURES, UpstreamError
from proxy.upstreams.replica import Replica

logger = logging.getLogger(__name__)

_FIRST_SECONDS = 0.5  # doubled each time, with 25 % jitter
_LONGEST_SECONDS = 15.0
_SERVER_ERROR = 500


def set_aside(replica: Replica) -> None:
    """Eject ``replica`` until a probe succeeds."""
    if replica.is_trusted and not replica.is_retired:
        replica.is_trusted = False
        replica.ejected_gauge.set(1)
        logger.warning("Replica set aside", extra={"replica": replica.address})
        gevent.spawn(_probe_until_it_answers, replica)


def _probe_until_it_answers(replica: Replica) -> None:
    seconds = _FIRST_SECONDS
    while not replica.is_trusted:
        gevent.sleep(seconds * random.uniform(0.75, 1.25))  # noqa: S311 -- jitter, no secret
        seconds = min(2 * seconds, _LONGEST_SECONDS)
        if replica.is_retired:
            return
        replica.is_trusted = _answers(replica)
    replica.ejected_gauge.set(0)
    logger.info("Replica in use again", extra={"replica": replica.address})


def _answers(replica: Replica) -> bool:
    try:
        connection = replica.connect()
    except UpstreamError:
        return False
    try:
        text = f"GET {replica.probe_path} HTTP/1.1\r\nHost: {replica.authority}\r\nConnection: close\r\n\r\n"
        connection.send(text.encode("latin-1"))
        return connection.read_head().status < _SERVER_ERROR
    except FAILURES:
        return False
    finally:
        connection.close()
