"""The keys of an issuer, refreshed in the background and when a token has an unknown key."""

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

import gevent

from proxy.authentication.errors import KeysUnavailableError
from proxy.authentication.keys import Key, KeyId, UnusableKeySetError, parse_key_set
from proxy.authentication.policy import Issuer
from proxy.authentication.shared_source import SharedSource
from proxy.authentication.sources import SECONDS, AddressSource, Source, SourceError, source
from proxy.metrics import KEYS_UNREADABLE

logger = logging.getLogger(__name__)

_MISSING_SECONDS = 5.0  # between two attempts before the first success
_WAIT_SECONDS = SECONDS + 0.5  # for which a request waits for a running attempt


class KeySet:
    """The public keys of ``issuer``. The last valid ones are kept while the source is unavailable.

    ``on_withdrawal`` is called when a key is removed or replaced.
    """

    def __init__(
        self,
        issuer: Issuer,
        on_withdrawal: Callable[[], None],
        keys_source: Source | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_withdrawal = on_withdrawal
        self._issuer = issuer
        self._source = keys_source or _shared(source(issuer.jwks), issuer.jwks)
        self._clock = clock
        self._keys: dict[KeyId, Key] = {}
        self._attempt: gevent.Greenlet | None = None  # running or last
        self._attempted_at: float | None = None

    def find(self, kid: str, algorithm: str) -> Key | None:
        """Return the key; None if it is unknown. An unknown key starts an attempt, which concurrent requests share.

        Raises:
            KeysUnavailableError: no attempt has succeeded yet.
        """
        if (kid, algorithm) not in self._keys:
            self.refresh(is_key_unknown=True)
            if self._attempt:
                self._attempt.join(_WAIT_SECONDS)
        if not self._keys:
            raise KeysUnavailableError
        return self._keys.get((kid, algorithm))

    def refresh(self, *, is_key_unknown: bool = False) -> None:
        """Start an attempt to read the keys, if one is due and none is running."""
        if (self._attempt is None or self._attempt.ready()) and self._is_due(is_key_unknown=is_key_unknown):
            self._attempted_at = self._clock()
            self._attempt = gevent.spawn(self._read)

    def _is_due(self, *, is_key_unknown: bool) -> bool:
        if self._attempted_at is None:
            return True
        age = self._clock() - self._attempted_at
        if not self._keys and age >= _MISSING_SECONDS:
            return True
        return self._source.is_due(age, is_key_unknown=is_key_unknown)

    def _read(self) -> None:
        try:
            new = parse_key_set(self._source.read(), self._issuer.algorithms)
        except (SourceError, UnusableKeySetError) as error:
            kept = len(self._keys)
            extra = {"issuer": self._issuer.issuer, "reason": str(error), "keys_kept": kept}
            logger.warning("The keys of an issuer cannot be read", extra=extra)
            KEYS_UNREADABLE.labels(self._issuer.issuer).set(1)
            return
        KEYS_UNREADABLE.labels(self._issuer.issuer).set(0)
        known, self._keys = self._keys, new
        if any(new.get(name) != key for name, key in known.items()):
            self._on_withdrawal()


def _shared(found: Source, name: str) -> Source:
    """Share fetches of an address between the processes of a gateway; each process reads files itself."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return SharedSource(found, name, Path(folder)) if folder and isinstance(found, AddressSource) else found
