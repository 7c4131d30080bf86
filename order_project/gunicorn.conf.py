"""gunicorn's settings for the order service: ``gunicorn order_project.wsgi`` in this folder."""

import os
from pathlib import Path

bind = os.environ.get("BIND", "127.0.0.1:3000")
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = 4
pythonpath = str(Path(__file__).resolve().parents[1])  # chassis lies beside the projects
preload_app = True
control_socket_disable = True
graceful_timeout = 8
keepalive = 75  # longer than the gateway keeps an idle connection

accesslog = "-"
access_log_format = "%(m)s %(U)s %(s)s %(M)sms [%({x-request-id}o)s]"
