"""gunicorn settings of the servers under test: no garbage collection during start and shutdown."""

import gc

gc.disable()


def post_worker_init(worker):
    gc.enable()


def worker_exit(server, worker):
    gc.freeze()


def on_exit(server):
    gc.freeze()
