"""The worker of the user service."""

from collections.abc import Sequence

from django.conf import settings

from events.outbox.purge import Purge
from events.worker import Job, WorkCommand

RELAY_SECONDS = 0.2


class Command(WorkCommand):
    """Purge old events, and relay new ones to the broker if one is configured."""

    def jobs(self) -> Sequence[Job]:
        """Return the jobs."""
        jobs = [Job("purge events", 3600, Purge().run)]
        if settings.EVENTS_BROKER_URL:
            from events.outbox.relay import Relay  # imports the Redis client, which takes 17 MB

            jobs.append(Job("relay events", RELAY_SECONDS, Relay("users").run))
        return jobs
