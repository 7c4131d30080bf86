"""The background process of a service: runs its jobs in turn, each when its time has come."""

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
from django.db import InterfaceError, OperationalError, connections

from observability import tracing

logger = logging.getLogger(__name__)

LONGEST_WAIT = 5.0  # seconds between two attempts of a job that fails, and between two signs of life


class Unavailable(Exception):  # noqa: N818 - the state of what a job needs
    """What a job needs cannot be used now: it is logged once, and tried again."""


@dataclass
class Job:
    """Something to do every ``seconds``; at once again while ``run`` returns True."""

    name: str
    seconds: float
    run: Callable[[], object]
    due_at: float = 0.0  # monotonic
    failures: int = 0  # in a row


class WorkCommand(BaseCommand):
    """The base of ``manage.py work``: runs ``jobs()`` until SIGTERM or SIGINT, and ends between two of them."""

    help = "Runs the service's background jobs until SIGTERM; several may run at once, and one works."

    def jobs(self) -> Sequence[Job]:
        """Return the jobs."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        """Run them."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            # In a thread of its own: the signal may come while this one holds the event's lock.
            signal.signal(number, lambda *_: threading.Thread(target=stop.set).start())
        tracing.start(f"{settings.SERVICE_NAME}-worker")
        logger.setLevel(logging.INFO)  # whatever LOG_LEVEL is: a supervisor waits for this line
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
    except (OperationalError, InterfaceError) as error:
        _note_failure(job)
        if job.failures == 1:
            logger.warning("database unavailable to a job", extra={"job": job.name, "error": str(error).strip()})
        connections.close_all()
    except Unavailable as error:
        _note_failure(job)
        if job.failures == 1:
            logger.warning("job waits for what is unavailable", extra={"job": job.name, "error": str(error)})
    except Exception:
        _note_failure(job)
        logger.exception("job failed", extra={"job": job.name})
        connections.close_all()
    else:
        job.failures = 0
        job.due_at = 0.0 if has_more else time.monotonic() + job.seconds


def _note_failure(job: Job) -> None:
    job.failures += 1
    job.due_at = time.monotonic() + min(LONGEST_WAIT, 0.2 * 2 ** min(job.failures, 10))
