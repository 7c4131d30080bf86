"""Configuration of gunicorn for the gateway: ``gunicorn gateway_project.wsgi``."""

import gc
import importlib
import os
import resource
import sys
from pathlib import Path
from typing import Any

# When gevent patches a worker, it inspects every object. Django's settings load on inspection and need this variable.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway_project.settings")

from chassis import server as shared
from chassis.environment import count
from observability import tracing

wsgi_app = "gateway_project.wsgi"
# The second address, if set, serves only /metrics and must not be public.
bind = shared.addresses(8081)
workers = count("WEB_CONCURRENCY", default=2)
worker_class = "proxy.server.worker.GatewayWorker"
worker_connections = 8000
keepalive = 15  # seconds that an idle client connection stays open
timeout = 60  # seconds between two reads of a body, or for one write of a response
graceful_timeout = 30  # seconds for running requests to finish
control_socket_disable = True

gc.disable()  # speeds up the imports by a tenth, here and in the workers
tracing.check()
logconfig_dict = shared.server_logging("gateway")
shared.collect_metrics("gateway")
child_exit = shared.child_exit

# Limits of a request head.
limit_request_line = 16380
limit_request_field_size = 16380
limit_request_fields = 200

# Each client and upstream connection is an open file.
_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (_hard, _hard))


def pre_fork(server: Any, worker: Any) -> None:
    """Enable garbage collection in the main process again, after its imports."""
    gc.enable()


def post_fork(server: Any, worker: Any) -> None:
    """Disable garbage collection while the worker imports the application."""
    gc.disable()
    shared.reset_signals()


def post_worker_init(worker: Any) -> None:
    """Start tracing, authentication and the portal in the worker, after gevent has patched the standard library."""
    from portal import monitor
    from proxy import gateway

    tracing.start("gateway")
    gateway.start()
    monitor.start()
    gc.freeze()  # later collections skip the imported objects
    gc.enable()
    shared.post_worker_init(worker)


def on_starting(server: Any) -> None:
    """Read the settings and routes before workers start: invalid ones prevent the start, and workers inherit them."""
    from django.core.exceptions import ImproperlyConfigured

    from proxy import current

    try:
        importlib.import_module("gateway_project.settings")
        current.load()
    except (ImproperlyConfigured, current.ConfigurationError) as error:
        server.log.error("%s", error)  # noqa: TRY400 -- the message suffices
        sys.exit(1)


def on_reload(server: Any) -> None:
    """Read the routes again on SIGHUP; new workers inherit them, or the last valid ones."""
    from proxy import current

    error = current.reload()
    if error:
        server.log.error("The new configuration is invalid; the previous one stays active: %s", error)
    else:
        server.log.info("Configuration reloaded")


def worker_exit(server: Any, worker: Any) -> None:
    """Skip the interpreter's final garbage collections, which take 0.05 s."""
    gc.freeze()


def on_exit(server: Any) -> None:
    """Remove the directory of the metrics and its files of other modules, and skip the final garbage collections."""
    directory = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
    for file in (*directory.glob("portal-history.*"), *directory.glob("keys-*")):
        file.unlink(missing_ok=True)
    shared.on_exit(server)
    gc.freeze()
