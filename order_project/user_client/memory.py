"""Which users were lately known to exist. Only "yes" is remembered: a "no" can be untrue a moment later."""

from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock

from django.utils import timezone

MAX_USERS = 10_000


class UserMemory:
    """The last ``MAX_USERS`` users that were seen and when; safe to share between threads."""

    def __init__(self) -> None:
        self._seen: OrderedDict[int, datetime] = OrderedDict()
        self._lock = Lock()

    def note(self, user_id: int) -> datetime:
        """Remember that the user exists now; return the instant."""
        now = timezone.now()
        with self._lock:
            self._seen[user_id] = now
            self._seen.move_to_end(user_id)
            if len(self._seen) > MAX_USERS:
                self._seen.popitem(last=False)
        return now

    def forget(self, user_id: int) -> None:
        """Remember nothing about the user."""
        with self._lock:
            self._seen.pop(user_id, None)

    def seen_at(self, user_id: int, *, within_seconds: float) -> datetime | None:
        """Return when the user was last seen, if that is not longer ago."""
        seen = self._seen.get(user_id)
        if seen is None or timezone.now() - seen >= timedelta(seconds=within_seconds):
            return None
        return seen
