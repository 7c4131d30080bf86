"""The gunicorn configuration that the services share."""

import contextlib
import gc
import importlib
import os
import signal
import tempfile
from pathlib import Path
from typing import Any

from gunicorn import glogging

from chassis.environment import count, log_format, statement_timeout, text
from observability import tracing
from observability.logs import logging_config


def service_configuration(name: str, *, port: int) -> dict[str, Any]:
    """Return gunicorn's settings for a service's ``gunicorn.conf.py``.

        globals().update(service_configuration("user", port=8000))

    The service listens on ``BIND``, by default on ``port`` of the loopback interface, and on ``METRICS_BIND`` if set.
    """
    tracing.check()
    collect_metrics(name)
    gc.disable()  # makes the imports a tenth faster; enabled again before the first fork

    def post_fork(server: Any, worker: Any) -> None:
        reset_signals()
        tracing.start(name)

    return {
        "wsgi_app": f"{name}_project.wsgi",
        "bind": addresses(port),
        "workers": count("WEB_CONCURRENCY", default=2),
        "preload_app": True,
        "control_socket_disable": True,
        # The gateway's own limits, plus the headers that it adds.
        "limit_request_line": 16_380,
        "limit_request_field_size": 32_760,
        "limit_request_fields": 300,
        "secure_scheme_headers": {},  # ForwardedMiddleware decides whether to trust X-Forwarded-Proto
        "graceful_timeout": 8,
        "keepalive": 75,  # longer than the gateway keeps an idle connection
        # Limits requests, but not commands such as migrate.
        "raw_env": [f"DB_STATEMENT_TIMEOUT={statement_timeout('DB_STATEMENT_TIMEOUT', default='10s')}"],
        "logconfig_dict": server_logging(name),
        "logger_class": Logger,
        "when_ready": when_ready,
        "pre_fork": lambda server, worker: gc.enable(),
        "post_fork": post_fork,
        "post_worker_init": post_worker_init,
        "child_exit": child_exit,
        "on_exit": on_exit,
    }


def addresses(port: int) -> list[str]:
    """Return the addresses for gunicorn's ``bind``: ``BIND``, and ``METRICS_BIND`` if set."""
    return [text("BIND", f"127.0.0.1:{port}"), *filter(None, [text("METRICS_BIND")])]


def collect_metrics(service: str) -> None:
    """Share the metrics of all worker processes through files in a temporary directory.

    Call this before prometheus_client is imported, which chooses its storage at import, and before gevent patches
    locks: counting never blocks, so native locks suffice.
    """
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix=f"{service}-metrics-")
    importlib.import_module("prometheus_client")


def reset_signals() -> None:
    """Reset the signal handlers of a new worker: those inherited from the master would ignore a signal to stop."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


def when_ready(server: Any) -> None:
    """Import the views before the workers fork, so that they share the memory."""
    from django.urls import NoReverseMatch, reverse

    with contextlib.suppress(NoReverseMatch):
        reverse("none")
    gc.freeze()  # keeps the workers' garbage collectors from visiting, and thereby copying, shared pages


def post_worker_init(worker: Any) -> None:
    """Log that a worker has loaded the application and accepts requests."""
    worker.log.info("Worker ready: %s", worker.pid)


def child_exit(server: Any, worker: Any) -> None:
    """Remove the gauges of a process that has exited; its counters stay in the totals."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(server: Any) -> None:
    """Remove the files of the metrics, and their directory unless it has other files."""
    directory = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
    for file in directory.glob("*.db"):
        file.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        directory.rmdir()


class Logger(glogging.Logger):  # type: ignore[misc] # gunicorn has no types
    """gunicorn's logger without its access log; the application writes one with more fields."""

    def access(self, *args: Any) -> None:
        """Write nothing."""


def server_logging(service: str) -> dict[str, Any]:
    """Return gunicorn's ``logconfig_dict``, with the log format of the application; Django configures its own part."""
    config = logging_config(service, log_format())
    del config["handlers"]["mail_admins"], config["filters"]["production"]  # they need Django's settings
    gunicorn = {"handlers": ["stderr"], "level": "INFO", "propagate": False}
    return config | {"loggers": {"gunicorn.error": gunicorn}}
