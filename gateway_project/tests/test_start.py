"""The start of a worker."""

import os
import signal
import subprocess
import sys

from tests.process import PROJECT

PATCH = """
from importlib import metadata
from proxy.server.worker import GatewayWorker

asked, find = [], metadata.entry_points
def counted(**parameters):
    asked.append(parameters)
    return find(**parameters)
metadata.entry_points = counted

worker = GatewayWorker.__new__(GatewayWorker)
worker.sockets = []
worker.patch()

assert metadata.entry_points is counted
assert __import__("socket").socket.__module__.startswith("gevent")
assert asked == [{}], asked
"""

COLLECT = """
import gc, logging, runpy
from types import SimpleNamespace

hooks = SimpleNamespace(**runpy.run_path("gunicorn.conf.py"))
worker = SimpleNamespace(pid=1, log=logging)

assert not gc.isenabled()
hooks.on_starting(None)
hooks.pre_fork(None, worker)
assert gc.isenabled()
hooks.post_fork(None, worker)
assert not gc.isenabled()
hooks.post_worker_init(worker)
assert gc.isenabled()
hooks.on_exit(None)
"""

STOP = """
import os, runpy, signal

hooks = runpy.run_path("gunicorn.conf.py")
signal.signal(signal.SIGTERM, lambda *_: None)  # as the master's, which notes it for later
hooks["post_fork"](None, None)
hooks["shared"].on_exit(None)
os.kill(os.getpid(), signal.SIGTERM)
"""


def run(code, status=0):
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env=environment | {"SECRET_KEY": "for-tests"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == status, done.stderr


def test_patching_reads_the_installed_packages_once():
    run(PATCH)


def test_garbage_is_collected_in_both_processes_once_they_have_imported_everything():
    run(COLLECT)


def test_worker_that_starts_is_ended_by_a_signal_to_stop():
    run(STOP, -signal.SIGTERM)
