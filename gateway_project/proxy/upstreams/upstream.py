"""An upstream: load balancing over its replicas, ejection and circuit breaker."""

import logging
from collections.abc import Collection
from itertools import count

from calls.circuit_breaker import CircuitBreaker, State
from proxy import metrics
from proxy.errors import TooManyTunnelsError, UnreachableError, UpstreamError
from proxy.routes import UpstreamSettings
from proxy.upstreams.named_replicas import NamedReplicas
from proxy.upstreams.probe import eject
from proxy.upstreams.replica import Replica, Server, family
from proxy.upstreams.tls import client_context

logger = logging.getLogger(__name__)

_THIS_MACHINE = "localhost"  # always one replica, even with several addresses


class Upstream:
    """The replicas of one service, with the state of this process."""

    def __init__(self, settings: UpstreamSettings) -> None:
        self.settings = settings
        circuit_gauge = metrics.CIRCUIT_OPEN.labels(settings.name)
        self.breaker = CircuitBreaker(
            settings.breaker_failures,
            settings.breaker_seconds,
            counted=(UpstreamError,),
            on_change=lambda state: circuit_gauge.set(state is not State.CLOSED),
        )
        servers = _servers(settings)
        self._fixed = [Replica(settings, server) for server in servers if not _is_looked_up(server.host)]
        self._named = [
            NamedReplicas(settings, server, self._update_replicas) for server in servers if _is_looked_up(server.host)
        ]
        self.replicas: list[Replica] = []
        self.last_error = ""
        self._turn = count()
        self._tunnels = 0
        self._update_replicas()

    def _update_replicas(self) -> None:
        self.replicas = self._fixed + [replica for named in self._named for replica in named.replicas.values()]

    def resolve(self) -> None:
        """Look up the host names, unless already done; wait at most ``connect_timeout``."""
        for named in self._named:
            named.wait()

    def choose(self, tried: Collection[Replica] = ()) -> Replica:
        """Return the next replica (round robin), preferably a healthy one that was not ``tried`` before.

        If all replicas are ejected, all are used, because the ejections may be stale.

        Raises:
            UnreachableError: no host name of the upstream has an address.
        """
        self.resolve()
        if not self.replicas:
            raise self._no_address()
        untried = [replica for replica in self.replicas if replica not in tried] or self.replicas
        candidates = [replica for replica in untried if replica.is_healthy] or untried
        return candidates[next(self._turn) % len(candidates)]

    def reserve_tunnel(self) -> None:
        """Count a tunnel that is about to begin; ``release_tunnel`` follows.

        Raises:
            TooManyTunnelsError: ``max_tunnels`` are open.
        """
        if self._tunnels >= self.settings.max_tunnels:
            raise TooManyTunnelsError
        self._tunnels += 1

    def release_tunnel(self) -> None:
        """Uncount a tunnel that has ended, or did not begin."""
        self._tunnels -= 1

    def _no_address(self) -> UnreachableError:
        reasons = ", ".join({named.last_error or "no DNS response yet" for named in self._named})
        error = UnreachableError(f"The upstream's host name has no address: {reasons}.")
        self._count(error)
        return error

    def _count(self, error: UpstreamError) -> None:
        self.last_error = error.detail
        metrics.FAILURES.labels(self.settings.name, error.code).inc()

    def note_failure(self, replica: Replica, error: UpstreamError) -> None:
        """Record a failure of ``replica``; eject it if there are other replicas."""
        self._count(error)
        replica.last_error = error.detail
        logger.warning("Upstream failed", extra={"replica": replica.address, "reason": error.detail})
        if len(self.replicas) > 1:
            eject(replica)


def _servers(settings: UpstreamSettings) -> list[Server]:
    tls = client_context(settings) if settings.uses_tls else None
    return [
        Server(
            url.hostname or "",
            url.port or (443 if url.scheme == "https" else 80),
            tls if url.scheme == "https" else None,
        )
        for url in settings.addresses
    ]


def _is_looked_up(host: str) -> bool:
    return host != _THIS_MACHINE and family(host) is None
