"""gunicorn's settings for the library, all of them from chassis."""

from typing import Any

from chassis import server as shared
from chassis import tracing

worker_class = "gthread"
workers = 2
preload_app = True
control_socket_disable = True

tracing.check()
logconfig_dict = shared.server_logging("library")
logger_class = shared.Logger
shared.collect_metrics("library")
shared.share_processors()
when_ready = shared.when_ready
post_worker_init = shared.post_worker_init
child_exit = shared.child_exit
on_exit = shared.on_exit


def post_fork(server: Any, worker: Any) -> None:
    """Start what belongs to one process."""
    tracing.start("library")
