"""Runs PgBouncer in front of a PostgreSQL server, with the configuration of CloudNativePG's pooler."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from devservers.folders import server_account, temporary_directory, write_privately
from devservers.ports import find_free_port
from devservers.processes import wait_for

START_SECONDS = 30
# The services set timeouts in the startup parameter ``options``. PgBouncer ignores it: set them on the role instead.
CONFIGURATION = """
[databases]
* = host={host} port={port} user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
ignore_startup_parameters = extra_float_digits,options
"""


class PgBouncerMissingError(Exception):
    """PgBouncer is not installed."""


@contextmanager
def running_pgbouncer(url: str, *, mode: str = "transaction", size: int = 5) -> Iterator[str]:
    """Run PgBouncer in front of the server of ``url``; yield the URL of the same database through PgBouncer.

    ``size`` is the pool size: the number of connections to the server per database.

    Raises:
        PgBouncerMissingError: PgBouncer is not installed.
    """
    if (program := shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")) is None:
        raise PgBouncerMissingError("pgbouncer is not installed")
    server, port, account = urlsplit(url), find_free_port(), server_account()
    values = {"host": server.hostname, "port": server.port, "user": server.username, "password": server.password}
    with temporary_directory("pgbouncer-") as folder:
        file = folder / "pgbouncer.ini"
        write_privately(file, CONFIGURATION.format(**values, own_port=port, mode=mode, size=size))
        if account:
            os.chown(file, account.pw_uid, account.pw_gid)
        credentials = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
        process = subprocess.Popen([program, "--quiet", str(file)], stderr=subprocess.DEVNULL, **credentials)  # type: ignore[call-overload]
        try:
            if not wait_for(lambda: _listens(port), seconds=START_SECONDS):
                raise TimeoutError(f"PgBouncer did not start to listen on port {port}.")
            yield server._replace(netloc=f"{server.username}:{server.password}@127.0.0.1:{port}").geturl()
        finally:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
