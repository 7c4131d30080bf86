"""The start of a worker."""

import os
import signal
import subprocess
import sys

from tests.process import PROJECT, Gateway, configuration

PATCH = """
from importlib import metadata
from proxy.server.worker import GatewayWorker

calls, find = [], metadata.entry_points
def counted(**parameters):
    calls.append(parameters)
    return find(**parameters)
metadata.entry_points = counted

worker = GatewayWorker.__new__(GatewayWorker)
worker.sockets = []
worker.patch()

assert metadata.entry_points is counted
assert __import__("socket").socket.__module__.startswith("gevent")
assert calls == [{}], calls
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
signal.signal(signal.SIGTERM, lambda *_: None)  # like the handler of gunicorn's master, which only queues the signal
hooks["post_fork"](None, None)
hooks["shared"].on_exit(None)
os.kill(os.getpid(), signal.SIGTERM)
"""

EXIT = """
import os, runpy
from pathlib import Path
from proxy.authentication.shared_source import SharedSource

hooks = runpy.run_path("gunicorn.conf.py")
from portal.history import History

class Source:
    def is_due(self, age, *, is_key_unknown):
        return True

    def read(self):
        return b"{}"

folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
History().save()
SharedSource(Source(), "keys", folder).read()
assert len(list(folder.iterdir())) > 1
hooks["on_exit"](None)
assert not folder.exists(), list(folder.iterdir())
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


def test_garbage_collection_is_enabled_after_the_imports_of_each_process():
    run(COLLECT)


def test_no_temporary_file_is_left_at_the_exit():
    run(EXIT)


def test_starting_worker_ends_on_sigterm():
    run(STOP, -signal.SIGTERM)


def test_invalid_setting_prevents_the_start_with_one_message(tmp_path):
    gateway = Gateway(tmp_path, configuration("http://127.0.0.1:9"), HTTPS_ONLY="ture")

    assert gateway.process.wait(30) == 1
    assert gateway.log.count("HTTPS_ONLY is 'ture'; it must be true or false.") == 1
    assert "Traceback" not in gateway.log
