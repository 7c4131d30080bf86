"""The compared servers, and their CPU time and memory."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.usage import cpu_seconds, family
from devservers.ports import find_free_port

ROOT = Path(__file__).resolve().parent.parent
Launch = tuple[list[str], int, Path, dict[str, str], Path]  # the arguments of ``running``


class Server:
    """A running server. Its child processes are counted as well."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.root = psutil.Process(process.pid)
        self.port = port

    def cpu_seconds(self) -> float:
        """Return the user and system time of its processes."""
        return cpu_seconds(self.root)

    def resident_bytes(self) -> int:
        """Return the memory of its largest process."""
        return max(process.memory_info().rss for process in family(self.root))


@contextmanager
def running(
    command: list[str], port: int, folder: Path, environment: Mapping[str, str], log: Path
) -> Iterator[Server]:
    """Start a server, wait until it accepts connections, and stop it at the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **environment}, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        ends_at = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > ends_at:
                    sys.exit(f"{command[0]} does not start:\n{log.read_text()}")
                time.sleep(0.05)
        yield Server(process, port)
    finally:
        process.terminate()
        process.wait(40)


def gateway(python: str, upstream: str, scratch: Path, route: str = "", **environment: str) -> Launch:
    """Return the command of this project's gateway, with one process and one catch-all route to ``upstream``.

    ``route`` contains further lines of the route.
    """
    port = find_free_port()
    file = scratch / f"gateway-{port}.toml"
    file.write_text(
        f'[upstreams.any]\nurls = ["{upstream}"]\nread_timeout = 30\n'
        f'[[routes]]\npath = "/"\nupstream = "any"\n{route}\n'
    )
    settings = {
        "BIND": f"127.0.0.1:{port}",
        "WEB_CONCURRENCY": "1",
        "GATEWAY_CONFIG": str(file),
        "SECRET_KEY": "for-benchmarks",  # pragma: allowlist secret
    }
    command = [python, "-m", "gunicorn", "gateway_project.wsgi"]
    return command, port, ROOT / "gateway_project", settings | environment, scratch / f"gateway-{port}.log"


def express(upstream: str, scratch: Path) -> Launch:
    """Return the command of the reference stack's gateway. Installs it with npm if necessary."""
    port = find_free_port()
    folder = scratch / "express"
    if not folder.exists():
        shutil.copytree(ROOT / "benchmarks" / "reference_stack" / "gateway", folder)
        subprocess.run(["npm", "install", "--no-fund", "--no-audit", "--silent"], cwd=folder, check=True)
    settings = {
        "PORT": str(port),
        "USER_SERVICE_URL": upstream,
        "ORDER_SERVICE_URL": upstream,
        "NODE_ENV": "production",
    }
    return ["node", "index.js"], port, folder, settings, scratch / "express.log"


NGINX = """
worker_processes 1; daemon off; pid {scratch}/{name}.pid; error_log stderr crit;
events {{ worker_connections 8192; }}
http {{
  access_log off; keepalive_requests 1000000000; default_type application/json; sendfile on;
  client_max_body_size 0; proxy_buffering on; proxy_http_version 1.1;
  client_body_temp_path {scratch}/t1; proxy_temp_path {scratch}/t2; fastcgi_temp_path {scratch}/t3;
  uwsgi_temp_path {scratch}/t4; scgi_temp_path {scratch}/t5;
  {extra}
}}
"""
USER = '{"id":1,"name":"John Doe","email":"john@example.com","created_at":"2026-01-01T00:00:00.000000Z"}'


def nginx(name: str, extra: str, port: int, scratch: Path) -> Launch:
    """Return the command of an nginx with ``extra`` in its http block."""
    file = scratch / f"{name}.conf"
    file.write_text(NGINX.format(scratch=scratch, name=name, extra=extra))
    return ["nginx", "-c", str(file), "-e", "stderr"], port, scratch, {}, scratch / f"{name}.log"


def upstream(scratch: Path) -> Launch:
    """Return the command of the upstream: nginx with 96 bytes at ``/users/1`` and a MiB of JSON at ``/users/big``."""
    port = find_free_port()
    (scratch / "files" / "users").mkdir(parents=True, exist_ok=True)
    (scratch / "files" / "users" / "big").write_text('"' + "a" * (2**20 - 2) + '"')
    small = f"location = /users/1 {{ return 200 '{USER}'; }}"
    extra = f"server {{ listen 127.0.0.1:{port} backlog=4096; root {scratch}/files; {small} }}"
    return nginx("upstream", extra, port, scratch)


def nginx_proxy(upstream_url: str, scratch: Path) -> Launch:
    """Return the command of an nginx proxy, the upper limit of the comparison."""
    port = find_free_port()
    address = upstream_url.removeprefix("http://")
    extra = (
        f"upstream u {{ server {address}; keepalive 256; }} server {{ listen 127.0.0.1:{port} backlog=4096;"
        ' location / { proxy_pass http://u; proxy_set_header Connection ""; proxy_set_header Host $host; } }'
    )
    return nginx("proxy", extra, port, scratch)
