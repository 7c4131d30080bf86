"""gunicorn's settings for the user service: ``gunicorn user_project.wsgi`` in this folder."""

import os
from typing import Any

import speedups
from chassis import server as shared
from chassis import tracing

bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = speedups.WORKER_CLASS
threads = 2
preload_app = True
control_socket_disable = True

# What the gateway lets through, and what it adds: to fields, and as fields.
limit_request_line = 16_380
limit_request_field_size = 32_760
limit_request_fields = 300
secure_scheme_headers: dict[str, str] = {}  # which X-Forwarded-Proto counts is decided by ForwardedMiddleware
graceful_timeout = 8
keepalive = 75  # longer than the gateway keeps an idle connection

# No request may hold the database for longer; commands such as migrate may.
raw_env = [f"DB_STATEMENT_TIMEOUT={os.environ.get('DB_STATEMENT_TIMEOUT', '10s')}"]

tracing.check()
logconfig_dict = shared.server_logging("user")
logger_class = shared.Logger
shared.collect_metrics("user")
shared.share_processors()
when_ready = shared.when_ready
post_worker_init = shared.post_worker_init
child_exit = shared.child_exit
on_exit = shared.on_exit


def post_fork(server: Any, worker: Any) -> None:
    """Start what belongs to one process."""
    tracing.start("user")
