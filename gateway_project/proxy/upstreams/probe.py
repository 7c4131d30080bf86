"""Ejection of failing replicas, and probes that reinstate them."""

import logging
import random

import gevent

from proxy.errors import FAILURES, UpstreamError
from proxy.upstreams.replica import Replica

logger = logging.getLogger(__name__)

_FIRST_SECONDS = 0.5  # doubled each time, with 25 % jitter
_MAX_SECONDS = 15.0
_SERVER_ERROR = 500


def eject(replica: Replica) -> None:
    """Eject ``replica`` until a probe succeeds."""
    if replica.is_healthy and not replica.is_retired:
        replica.is_healthy = False
        replica.ejected_gauge.set(1)
        logger.warning("Replica ejected", extra={"replica": replica.address})
        gevent.spawn(_probe_until_healthy, replica)


def _probe_until_healthy(replica: Replica) -> None:
    seconds = _FIRST_SECONDS
    while not replica.is_healthy:
        gevent.sleep(seconds * random.uniform(0.75, 1.25))  # noqa: S311 -- jitter, no secret
        seconds = min(2 * seconds, _MAX_SECONDS)
        if replica.is_retired:
            return
        replica.is_healthy = _passes_probe(replica)
    replica.ejected_gauge.set(0)
    logger.info("Replica reinstated", extra={"replica": replica.address})


def _passes_probe(replica: Replica) -> bool:
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
