"""A cache of active users. Unknown users are not cached, because they may be created at any time."""

from datetime import datetime
from threading import Lock
from time import monotonic

from django.utils import timezone

MAX_USERS = 10_000


class UserCache:
    """The times at which the last ``MAX_USERS`` active users were verified; thread-safe."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[float, datetime]] = {}  # monotonic time and date, in order of insertion
        self._lock = Lock()

    def put(self, user_id: int) -> datetime:
        """Cache the user as active now; return the time. Evicts the oldest entry of a full cache."""
        with self._lock:
            self._seen.pop(user_id, None)
            self._seen[user_id] = monotonic(), (now := timezone.now())
            if len(self._seen) > MAX_USERS:
                del self._seen[next(iter(self._seen))]
        return now

    def evict(self, user_id: int) -> None:
        """Remove the user from the cache."""
        with self._lock:
            self._seen.pop(user_id, None)

    def seen_at(self, user_id: int, *, within_seconds: float) -> datetime | None:
        """Return when the user was last seen; None if not within ``within_seconds``."""
        put_at, seen_at = self._seen.get(user_id, (0.0, None))
        return seen_at if monotonic() - put_at < within_seconds else None
