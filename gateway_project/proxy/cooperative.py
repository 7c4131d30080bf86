"""Cooperation of greenlets while bodies are copied."""

import time
from collections.abc import Iterable, Iterator

import gevent

_LONG_SECONDS = 0.002  # of CPU time, for one piece
_POLL_SECONDS = 1e-6


def cooperative(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield ``pieces``, and run other greenlets between two of them.

    Socket operations switch to other greenlets only when they would block, which fast peers prevent. gevent polls the
    sockets of other greenlets only after 50 turns that end with ``sleep(0)``, but before each timer; a piece of many
    small chunks takes so long that they must not wait for 50.
    """
    begun_at = 0.0
    for number, piece in enumerate(pieces):
        if number:
            gevent.sleep(_POLL_SECONDS if time.thread_time() - begun_at > _LONG_SECONDS else 0)
        begun_at = time.thread_time()
        yield piece
