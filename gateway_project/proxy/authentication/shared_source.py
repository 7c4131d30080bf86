"""A key set that the processes of a gateway fetch once and share."""

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

_POLL_SECONDS = 0.02  # between two checks whether another process has finished its attempt


@dataclass(frozen=True)
class _Attempt:
    """The last attempt of any process, and the last content that was fetched."""

    at: float  # time of the clock
    error: str
    content: str


class SharedSource:
    """Reads ``source`` once for all processes, which share the attempts through files in ``folder``.

    The clock must be the same for all processes, as ``time.monotonic`` is. A process that starts later uses the
    shared content, even while the source is unavailable.
    """

    def __init__(self, source: Source, name: str, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._clock = clock
        self._file = folder / f"keys-{hashlib.sha256(name.encode()).hexdigest()[:16]}.json"
        self._last_seen: _Attempt | None = None  # by this process

    def is_due(self, age: float, *, is_key_unknown: bool) -> bool:
        """Return whether to read: another process has made a new attempt, or the next attempt is due.

        ``age`` is not used: the attempts of all processes count.
        """
        last = self._load() or self._last_seen
        if last is None or last != self._last_seen:
            return True
        return self._source.is_due(self._clock() - last.at, is_key_unknown=is_key_unknown)

    def read(self) -> bytes:
        """Return the content of another process's new attempt, or else make an attempt.

        Raises:
            SourceError: the attempt failed, and there is no earlier content that is new to this process.
        """
        with self._locked():
            last, has_content = self._load() or self._last_seen, bool(self._last_seen and self._last_seen.content)
            if last is None or last == self._last_seen:
                last = self._attempt(last)
            self._last_seen = last
        if last.error and (has_content or not last.content):
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
        except OSError as error:  # such as a full disk: the other processes fetch the keys themselves
            logger.warning("Keys cannot be shared with the other processes", extra={"reason": str(error)})
        return made

    def _load(self) -> _Attempt | None:
        try:
            return _Attempt(**json.loads(self._file.read_text()))
        except (OSError, ValueError, TypeError):  # not written yet, or not readable now
            return None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock of all processes; polling for it does not block other greenlets."""
        try:
            lock = self._file.with_suffix(".lock").open("w")
        except OSError as error:
            raise SourceError(str(error)) from error
        with lock, gevent.Timeout(2 * SECONDS, SourceError("busy")):
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    gevent.sleep(_POLL_SECONDS)
            yield
