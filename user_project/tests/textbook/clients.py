"""Two clients of the copied service: in this process, and over the network to gunicorn."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import requests
from django.conf import settings
from django.test import Client

PROJECT = Path(__file__).resolve().parents[2]


def in_process():
    """Return ``ask(method, path, body=None, **headers)``, whose response has ``status``, ``headers`` and ``json``."""
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)

    def ask(method, path, body=None, **headers):
        response = client.generic(
            method,
            path,
            b"" if body is None else json.dumps(body),
            "application/json",
            headers=named(headers),
        )
        return as_answer(response.status_code, response.headers, response.content)

    return ask


def over_network(url):
    """Return the same for the server at ``url``."""

    def ask(method, path, body=None, **headers):
        response = requests.request(
            method, f"{url}{path}", json=body, headers=named(headers), timeout=20, allow_redirects=False
        )
        return as_answer(response.status_code, response.headers, response.content)

    return ask


def named(headers):
    return {name.replace("_", "-"): value for name, value in headers.items()}


def as_answer(status, headers, content):
    is_json = "json" in headers.get("Content-Type", "")
    return SimpleNamespace(
        status=status, headers=headers, content=content, json=json.loads(content) if is_json else None
    )


@contextlib.contextmanager
def gunicorn(database, folder):
    """Run the copied service under gunicorn; the value is its address."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{reserved.getsockname()[1]}"
    environment = os.environ | {
        "BIND": address,
        "DATABASE_URL": "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database),
        "DATA_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "textbook.settings",
        "SECRET_KEY": settings.SECRET_KEY,  # signs the sessions that tests make
        "PYTHONPATH": str(PROJECT / "tests"),
        "TMPDIR": str(folder),
        "WEB_CONCURRENCY": "1",  # throttles count in the memory of a process
    }
    command = [sys.executable, "-m", "gunicorn", "user_project.wsgi"]
    log = folder / "log.txt"
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
