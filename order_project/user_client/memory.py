"""Which users were lately known to exist. Only "yes" is remembered: a "no" can be untrue a moment later."""

from datetime import datetime, timedelta
from threading import Lock

from django.utils import timezone

MAX_USERS = 10_000


class UserMemory:
    """When each of the last ``MAX_USERS`` users was seen; safe to share between threads."""

    def __init__(self) -> None:
        self._seen: dict[int, datetime] = {}  # the latest last
        self._lock = Lock()

    def note(self, user_id: int) -> datetime:
        """Remember that the user exists now; return the instant."""
        with self._lock:
            self._seen.pop(user_id, None)
            self._seen[user_id] = now = timezone.now()
            if len(self._seen) > MAX_USERS:
                del self._seen[next(iter(self._seen))]
        return now

    def forget(self, user_id: int) -> None:
        """Remember nothing about the user."""
        with self._lock:
            self._seen.pop(user_id, None)

    def seen_at(self, user_id: int, *, within_seconds: float) -> datetime | None:
        """Return when the user was last seen, if that is not longer ago."""
        seen = self._seen.get(user_id)
        return seen if seen and timezone.now() - seen < timedelta(seconds=within_seconds) else None
