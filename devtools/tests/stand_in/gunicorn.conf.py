import os

bind = os.environ["BIND"]
workers = 1
graceful_timeout = 30
control_socket_disable = True


def post_worker_init(worker):
    worker.log.info("Worker ready: %s", worker.pid)
