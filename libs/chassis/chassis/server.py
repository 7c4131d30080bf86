"""What the gunicorn of every service has in its configuration."""

import contextlib
import gc
import importlib
import os
import shutil
import tempfile
from typing import Any

from gunicorn import glogging

from chassis.logs import logging_config


def collect_metrics(service: str) -> None:
    """Let the worker processes add up their metrics, in files of a temporary folder.

    To be called before anything imports prometheus_client, which decides at its import, and before gevent replaces
    locks: where nothing waits for anything but the processor, greenlets do not switch and plain locks do.
    """
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix=f"{service}-metrics-")
    importlib.import_module("prometheus_client")


def share_processors() -> None:
    """Let whatever runs come to the end of its turn before a process of this service, which has just been woken, does.

    On few processors the services otherwise interrupt each other over and over, and go on with cold caches
    (docs/performance.md). Where the system has no such policy, or forbids it, nothing changes.
    """
    if hasattr(os, "SCHED_BATCH"):  # Linux
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def when_ready(server: Any) -> None:
    """Do once, before the workers are forked, what each would do at its first request, and share its memory."""
    from django.urls import get_resolver

    get_resolver()._populate()  # noqa: SLF001 - imports the views, which nothing public does at once
    gc.collect()
    gc.freeze()  # what is there now lives on: no worker's collector visits it, which would also copy its pages


def child_exit(server: Any, worker: Any) -> None:
    """Forget what only a living process has; its counters stay in the totals."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(server: Any) -> None:
    """Remove the folder of the metrics."""
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


class Logger(glogging.Logger):  # type: ignore[misc] # gunicorn has no types
    """gunicorn's logger without its access log: the application writes one, with what only it knows."""

    def access(self, *args: Any) -> None:
        """Write nothing."""


def server_logging(service: str) -> dict[str, Any]:
    """Return gunicorn's ``logconfig_dict``: its own lines look like those of the application."""
    config = logging_config(service, os.environ.get("LOG_FORMAT", "json"))
    gunicorn = {"handlers": ["stderr"], "level": "INFO", "propagate": False}
    return config | {"loggers": config["loggers"] | {"gunicorn.error": gunicorn}}
