"""A key set that the processes of one gateway read together."""

import fcntl
import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import gevent

from proxy.authentication.sources import SECONDS, Source, SourceError

logger = logging.getLogger(__name__)

_POLL_SECONDS = 0.02  # between two looks whether another process has ended its attempt


@dataclass(frozen=True)
class _Attempt:
    """The last attempt of any process, and the last content that was read."""

    at: float  # on the clock
    error: str
    content: str


class SharedSource:
    """Reads ``source`` once for all processes, which share the attempts through files in ``folder``.

    The clock must be the same for all processes, as ``time.monotonic`` is. A process that starts later begins with
    what the others know, also while the source is away.
    """

    def __init__(self, source: Source, name: str, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._clock = clock
        self._file = folder / f"keys-{hashlib.sha256(name.encode()).hexdigest()[:16]}.json"
        self._last_seen: _Attempt | None = None  # the last one that this process knows

    def is_due(self, age: float, *, is_key_unknown: bool) -> bool:
        """Return whether another process has made an attempt, or one is due ``age`` seconds after the last of all."""
        last = self._load() or self._last_seen
        if last is None or last != self._last_seen:
            return True
        return self._source.is_due(self._clock() - last.at, is_key_unknown=is_key_unknown)

    def read(self) -> bytes:
        """Return what another process has just read, or else read the source.

        Raises:
            SourceError: the attempt failed, and this process knows what was read before.
        """
        with self._locked():
            last, knows_content = self._load() or self._last_seen, bool(self._last_seen and self._last_seen.content)
            if last is None or last == self._last_seen:
                last = self._attempt(last)
            self._last_seen = last
        if last.error and (knows_content or not last.content):
            raise SourceError(last.error)
        return last.content.encode()

    def _attempt(self, last: _Attempt | None) -> _Attempt:
        began = self._clock()
        try:
            made = _Attempt(began, "", self._source.read().decode(errors="replace"))
        except SourceError as error:
            made = _Attempt(began, str(error), last.content if last else "")
        try:
            new = self._file.with_suffix(f".{os.getpid()}")
            new.write_text(json.dumps(asdict(made)))
            new.replace(self._file)
        except OSError as error:  # such as a full disk: this process has its keys, and the others read their own
            logger.warning("Keys cannot be shared with the other processes", extra={"reason": str(error)})
        return made

    def _load(self) -> _Attempt | None:
        try:
            return _Attempt(**json.loads(self._file.read_text()))
        except FileNotFoundError:
            return None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock of all processes; the attempt of another one is waited for without blocking the greenlets."""
        with self._file.with_suffix(".lock").open("w") as lock, gevent.Timeout(2 * SECONDS, SourceError("busy")):
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    gevent.sleep(_POLL_SECONDS)
            yield
