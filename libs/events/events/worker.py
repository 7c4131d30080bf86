"""The worker of a service: runs its background jobs, one after the other, when they are due."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connections

from observability import tracing
from problems.exceptions import is_database_error

logger = logging.getLogger(__name__)

LONGEST_WAIT = 5.0  # seconds, the maximum between retries of a failing job, and between heartbeats


class Unavailable(Exception):  # noqa: N818 - named after the condition
    """A dependency of a job is unavailable. The worker logs this once, and retries the job."""


@dataclass
class Job:
    """A function to run every ``seconds``, and again at once while it returns True."""

    name: str
    seconds: float
    run: Callable[[], object]
    due_at: float = 0.0  # monotonic
    failures: int = 0  # consecutive


class WorkCommand(BaseCommand):
    """The base class of ``manage.py work``: runs ``jobs()`` until SIGTERM or SIGINT, and ends between two jobs."""

    help = "Runs the service's background jobs until SIGTERM. Several workers may run: locks prevent duplicate work."

    def jobs(self) -> Sequence[Job]:
        """Return the jobs."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the jobs."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            # In another thread, because this thread may hold the event's lock when the signal arrives.
            signal.signal(number, lambda *_: threading.Thread(target=stop.set).start())
        tracing.start(f"{settings.SERVICE_NAME}-worker")
        logger.setLevel(logging.INFO)  # regardless of LOG_LEVEL: a supervisor waits for this line
        logger.info("Worker ready: %s", os.getpid())
        run_jobs(self.jobs(), stop)


def run_jobs(jobs: Sequence[Job], stop: threading.Event) -> None:
    """Run jobs until ``stop`` is set, and touch ``settings.WORKER_HEARTBEAT_FILE`` every few seconds."""
    heartbeat = settings.WORKER_HEARTBEAT_FILE
    while not stop.is_set():
        if heartbeat:
            Path(heartbeat).touch()
        for job in jobs:
            if time.monotonic() >= job.due_at and not stop.is_set():
                _run(job)
        stop.wait(min([LONGEST_WAIT, *(job.due_at - time.monotonic() for job in jobs)]))


def _run(job: Job) -> None:
    try:
        has_more = job.run() is True
    except Unavailable as error:
        _note_failure(job)
        if job.failures == 1:
            logger.warning("dependency of a job unavailable", extra={"job": job.name, "error": str(error)})
    except Exception as error:
        _note_failure(job)
        if not is_database_error(error):
            logger.exception("job failed", extra={"job": job.name})
        elif job.failures == 1:
            logger.warning("database unavailable to a job", extra={"job": job.name, "error": str(error).strip()})
        connections.close_all()
    else:
        job.failures = 0
        job.due_at = 0.0 if has_more else time.monotonic() + job.seconds


def _note_failure(job: Job) -> None:
    job.failures += 1
    job.due_at = time.monotonic() + min(LONGEST_WAIT, 0.2 * 2 ** min(job.failures, 10))
