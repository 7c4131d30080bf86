"""An upstream: which of its replicas is asked next, and what is known of them."""

import logging
from collections.abc import Collection
from itertools import count

from proxy import metrics
from proxy.errors import UpstreamError
from proxy.routes import UpstreamSettings
from proxy.upstreams.breaker import Breaker
from proxy.upstreams.probe import set_aside
from proxy.upstreams.replica import Replica

logger = logging.getLogger(__name__)


class Upstream:
    """The replicas of one service, as one process sees them."""

    def __init__(self, settings: UpstreamSettings) -> None:
        self.settings = settings
        self.breaker = Breaker(settings.name, settings.breaker_failures, settings.breaker_seconds)
        self.replicas = [Replica(settings, url.hostname or "", url.port or 80) for url in settings.addresses]
        self.last_error = ""
        self._turn = count()

    def choose(self, tried: Collection[Replica] = ()) -> Replica:
        """Return the next replica in turn: a trusted one that was not ``tried`` before, if there is one.

        When none is trusted all are asked: that they were set aside may be what is out of date.
        """
        untried = [replica for replica in self.replicas if replica not in tried] or self.replicas
        candidates = [replica for replica in untried if replica.is_trusted] or untried
        return candidates[next(self._turn) % len(candidates)]

    def note_failure(self, replica: Replica, error: UpstreamError) -> None:
        """Remember that ``replica`` failed; where there are others, it is set aside."""
        self.last_error = replica.last_error = error.detail
        metrics.FAILURES.labels(self.settings.name, error.code).inc()
        logger.warning("Upstream failed", extra={"replica": replica.authority, "reason": error.detail})
        if len(self.replicas) > 1:
            set_aside(replica)
