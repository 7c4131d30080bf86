"""An upstream: which of its replicas is asked next."""

from collections.abc import Collection
from itertools import count

from proxy.routes import UpstreamSettings
from proxy.upstreams.replica import Replica


class Upstream:
    """The replicas of one service."""

    def __init__(self, settings: UpstreamSettings) -> None:
        self.settings = settings
        self.replicas = [Replica(settings, url.hostname or "", url.port or 80) for url in settings.addresses]
        self._turn = count()

    def choose(self, tried: Collection[Replica] = ()) -> Replica:
        """Return the next replica in turn: a trusted one that was not ``tried`` before, if there is one."""
        turn = next(self._turn)
        candidates = [replica for replica in self.replicas if replica.is_trusted and replica not in tried]
        candidates = (
            candidates or [replica for replica in self.replicas if replica not in tried] or self.replicas
        )
        return candidates[turn % len(candidates)]
