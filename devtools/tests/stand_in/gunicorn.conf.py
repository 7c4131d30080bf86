"""gunicorn's settings for a stand-in. Without garbage collection it starts and stops faster."""

import gc
import os

gc.disable()

bind = os.environ["BIND"]
workers = 1
graceful_timeout = 30
control_socket_disable = True


def post_worker_init(worker):
    worker.log.info("Worker ready: %s", worker.pid)


def worker_exit(server, worker):
    gc.freeze()


def on_exit(server):
    gc.freeze()
