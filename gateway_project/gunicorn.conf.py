"""How gunicorn serves the gateway: ``gunicorn gateway_project.wsgi``."""

import os
import resource
import sys
from typing import Any

# gevent, when it patches a worker, looks at every object there is, of which Django's settings then read themselves.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway_project.settings")

from chassis import server as shared
from chassis import tracing

# The second address, if there is one, answers /metrics and nothing else: it is not for the public.
bind = [os.environ.get("BIND", "127.0.0.1:8081"), *filter(None, [os.environ.get("METRICS_BIND")])]
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "proxy.server.worker.GatewayWorker"
worker_connections = 8000
keepalive = 15  # seconds that an idle client connection is kept
timeout = 60  # seconds without a byte of a body, or until the client has taken a piece of the answer
graceful_timeout = 30  # seconds for running requests to end
control_socket_disable = True

tracing.check()
logconfig_dict = shared.server_logging("gateway")
shared.collect_metrics("gateway")
child_exit = shared.child_exit
on_exit = shared.on_exit

# Limits of one request's head.
limit_request_line = 16380
limit_request_field_size = 16380
limit_request_fields = 200

# Each client and each upstream connection is an open file.
_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (_hard, _hard))


def post_worker_init(worker: Any) -> None:
    """Start tracing in a worker, whose standard library gevent has patched by now."""
    tracing.start("gateway")
    shared.post_worker_init(worker)


def on_starting(server: Any) -> None:
    """Read the routes before any worker starts: a wrong file stops the start, and workers inherit what was read."""
    from proxy import current

    try:
        current.load()
    except current.ConfigurationError as error:
        server.log.error("%s", error)  # noqa: TRY400 -- the message says it all
        sys.exit(1)


def on_reload(server: Any) -> None:
    """Read the routes again on SIGHUP; the new workers inherit the new ones, or the last good ones."""
    from proxy import current

    error = current.reload()
    if error:
        server.log.error("The new configuration is refused, the last good one stays in force: %s", error)
    else:
        server.log.info("Configuration read again")
