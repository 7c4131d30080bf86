"""gunicorn's settings of the servers under test, which collect no garbage while they start and end."""

import gc

gc.disable()


def post_worker_init(worker):
    gc.enable()


def worker_exit(server, worker):
    gc.freeze()


def on_exit(server):
    gc.freeze()
