"""gunicorn with the configuration of chassis: shared metrics, log, traces, preloading."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from django.db import connection
from prometheus_client.parser import text_string_to_metric_families
from server import TESTS, Server

pytestmark = pytest.mark.django_db  # also creates the database of the server


@pytest.fixture(scope="module")
def server(tmp_path_factory, django_db_setup):
    server = Server(tmp_path_factory.mktemp("server"), connection.settings_dict)
    try:
        server.wait()
        yield server
    finally:
        server.stop()


def wait_for(condition, seconds=10):
    ends_at = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < ends_at
        time.sleep(0.05)
    return found


def lines(server):
    return [json.loads(line) for line in server.log.splitlines()]


def requests_counted(server, **labels):
    return sum(
        sample.value
        for family in text_string_to_metric_families(server.get("/metrics").text)
        for sample in family.samples
        if sample.name == "http_requests_total" and labels.items() <= sample.labels.items()
    )


def test_request_is_logged_once_by_the_application_and_not_by_gunicorn(server):
    server.get("/nowhere", **{"X-Request-ID": "logged-1"})

    (entry,) = wait_for(lambda: [line for line in lines(server) if line.get("request_id") == "logged-1"])
    assert (entry["logger"], entry["path"], entry["status"]) == ("access", "/nowhere", 404)
    assert not [line for line in lines(server) if line.get("logger") == "gunicorn.access"]


def test_request_is_a_span_in_the_trace_of_its_client(server):
    trace_id = "0af7651916cd43dd8448eb211c80319c"

    server.get("/nowhere", traceparent=f"00-{trace_id}-b7ad6b7169203331-01")

    def spans():
        return [line for line in lines(server) if line.get("context", {}).get("trace_id") == f"0x{trace_id}"]

    (span,) = wait_for(spans)
    assert span["parent_id"] == "0xb7ad6b7169203331"
    assert span["resource"]["attributes"]["service.name"] == "library"


def test_totals_include_all_workers_and_outlive_them(server):
    for _ in range(20):
        server.get("/books/0")
    before = requests_counted(server, route="^books/(?P<pk>[0-9]+)/?$", status="404")

    os.kill(server.workers[0], signal.SIGTERM)
    server.wait(workers=3)
    for _ in range(10):
        server.get("/books/0")
    after = requests_counted(server, route="^books/(?P<pk>[0-9]+)/?$", status="404")

    assert (before, after) == (20, 30)


def test_metrics_directory_is_removed_with_the_server(tmp_path):
    server = Server(tmp_path, connection.settings_dict)
    try:
        server.wait()
        during = list(tmp_path.glob("library-metrics-*"))
    finally:
        server.stop()

    assert len(during) == 1
    assert not list(tmp_path.glob("library-metrics-*"))


def test_views_are_imported_and_objects_frozen_before_the_fork():
    code = (
        "import django, gc, sys; from chassis.server import when_ready; django.setup();"
        "assert 'library.books.views' not in sys.modules; when_ready(None);"
        "assert 'library.books.views' in sys.modules; assert gc.get_freeze_count() > 10_000"
    )

    subprocess.run([sys.executable, "-c", code], cwd=TESTS, check=True)


def test_garbage_collection_is_enabled_before_the_fork():
    code = (
        "import gc; from chassis.server import service_configuration; hooks = service_configuration('x', port=1);"
        "assert not gc.isenabled(); hooks['pre_fork'](None, None); assert gc.isenabled(); hooks['on_exit'](None)"
    )

    subprocess.run([sys.executable, "-c", code], cwd=TESTS, check=True)


def test_new_worker_exits_on_sigterm():
    code = (
        "import os, signal; from chassis.server import service_configuration;"
        "hooks = service_configuration('x', port=1); signal.signal(signal.SIGTERM, lambda *_: None);"
        "hooks['post_fork'](None, None); hooks['on_exit'](None); os.kill(os.getpid(), signal.SIGTERM)"
    )

    assert subprocess.run([sys.executable, "-c", code], cwd=TESTS, check=False).returncode == -signal.SIGTERM


def test_metrics_directory_can_be_configured(tmp_path):
    code = "from chassis import server; server.collect_metrics('x'); server.on_exit(None)"
    given = tmp_path / "given"
    given.mkdir()
    (given / "counter_1.db").touch()

    subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(given), "TMPDIR": str(tmp_path)},
        check=True,
    )

    assert not list(tmp_path.iterdir())


def test_other_files_in_the_metrics_directory_are_kept(tmp_path):
    for name in ("counter_1.db", "notes.txt"):
        (tmp_path / name).touch()
    code = "from chassis import server; server.on_exit(None)"

    subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}, check=True
    )

    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]
