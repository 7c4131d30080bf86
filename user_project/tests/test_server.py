"""The service under gunicorn with two workers: its metrics, logs and traces."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from django.db import connection

PROJECT = Path(__file__).resolve().parents[1]


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log.txt"


@pytest.fixture
def no_folder_left(tmp_path):
    """Check that the server removes its metrics folder."""
    yield
    assert not list(tmp_path.glob("user-metrics-*"))


@pytest.fixture
def server(no_folder_left, transactional_db, tmp_path, log):
    """Start the server; yield its URL once it is ready."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{reserved.getsockname()[1]}"
    database = connection.settings_dict
    environment = os.environ | {
        "BIND": address,
        "DATABASE_URL": "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database),
        "DATA_DIR": str(tmp_path),
        "LOG_FORMAT": "json",
        "OTEL_TRACES_EXPORTER": "console",
        "TMPDIR": str(tmp_path),
        "WEB_CONCURRENCY": "2",
    }
    command = [sys.executable, "-m", "gunicorn", "user_project.wsgi"]
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=output, stderr=output)
    try:
        ends_at = time.monotonic() + 30
        while not is_ready(address):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < ends_at, log.read_text()
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(15)


def is_ready(address):
    try:
        return requests.get(f"http://{address}/health/ready", timeout=5).ok
    except requests.ConnectionError:
        time.sleep(0.1)
        return False


def test_requests_are_counted_logged_and_traced_over_both_workers(server, log, tmp_path):
    for number in range(20):  # a connection each, so that both workers get some
        requests.get(f"{server}/users?page_size=1", headers={"X-Request-ID": f"id-{number}"}, timeout=5)

    numbers = requests.get(f"{server}/metrics", timeout=5).text
    ends_at = time.monotonic() + 10
    while log.read_text().count('"name": "GET /users"') < 20 and time.monotonic() < ends_at:
        time.sleep(0.05)  # a span ends after its response
    lines = [json.loads(line) for line in log.read_text().splitlines()]

    assert 'http_requests_total{method="GET",route="^users/?$",status="200"} 20.0' in numbers
    accesses = [line for line in lines if line.get("logger") == "access"]
    assert sorted(line["request_id"] for line in accesses) == sorted(f"id-{number}" for number in range(20))
    assert not [line for line in lines if line.get("logger") == "gunicorn.access"]
    assert len([line for line in lines if line.get("name") == "GET /users"]) == 20
    assert list(tmp_path.glob("user-metrics-*"))
