"""The memory that requests hold which are not complete."""

from threading import Lock


class UnfinishedBytes:
    """Adds up the bytes that each connection holds of its unfinished request; safe to share between threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._total = 0
        self._held: dict[int, int] = {}  # by file descriptor

    def hold(self, number: int, size: int) -> bool:
        """Note that the connection ``number`` holds ``size`` bytes; return whether all hold no more than allowed."""
        if not size and number not in self._held:
            return True  # nearly always, and without the lock
        with self._lock:
            self._total += size - self._held.pop(number, 0)
            if size:
                self._held[number] = size
            return self._total <= self._most or not size
