"""The private PostgreSQL: prepared, started, asked for databases, and stopped."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import psutil
import psycopg2
from psycopg2 import sql

from devtools.data_folder import DataFolder
from devtools.errors import LauncherError
from devtools.postgres_files import copy_programs, programs_in_wheel
from devtools.processes import RUN_VARIABLE, end_processes, spawn, wait_for

HOST = "127.0.0.1"
SUPERUSER = "postgres"
PASSWORD_FILE = "postgres_password"  # noqa: S105 - its name  # pragma: allowlist secret
START_SECONDS = 60  # recovering from a crash takes some of them
FAST_STOP_SECONDS = 3.0

SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # their paths have a length limit
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "fatal",  # a refused statement is the service's to report
    "jit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "io_method": "sync",  # fewer processes
}
# Nobody misses the data of a test run after a power failure.
THROW_AWAY_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PrivatePostgres:
    """A PostgreSQL server on loopback, with its data in a data folder.

    Args:
        folder: the data folder, whose lock the caller holds.
        throw_away: trade the data's safety for speed.
        death_signal: what its processes get when this one is gone, as in :func:`devtools.processes.spawn`; the
            signal that is the default asks for PostgreSQL's "fast shutdown".
    """

    def __init__(
        self, folder: DataFolder, *, throw_away: bool = False, death_signal: int | None = signal.SIGINT
    ) -> None:
        self.folder = folder
        self.home = folder.path / "postgres"
        self.data = self.home / "data"
        self.throw_away = throw_away
        self.death_signal = death_signal
        self.programs = Path()
        self.port = 0

    def prepare(self) -> None:
        """Create the cluster at the first start, and clear away what a killed server left.

        Raises:
            LauncherError: initdb failed, or the data is another version's.
        """
        self.programs = copy_programs(self.folder.path) if self.folder.user else programs_in_wheel()
        if not self.home.exists():
            self.home.mkdir(mode=0o700)
        if self.folder.user:
            os.chown(self.home, self.folder.user.uid, self.folder.user.gid)
        if self.data.exists():
            self.check_version()
            self.end_abandoned_server()
        else:
            self.create_cluster()

    def create_cluster(self) -> None:
        """Run initdb; a cluster that is not complete never gets the final name."""
        unfinished, password_file = self.home / "data.new", self.home / "password"
        shutil.rmtree(unfinished, ignore_errors=True)
        self.folder.write_privately(password_file, self.folder.secret(PASSWORD_FILE))
        if self.folder.user:
            os.chown(password_file, self.folder.user.uid, self.folder.user.gid)
        command = [str(self.programs / "initdb"), f"--pgdata={unfinished}", f"--username={SUPERUSER}"]
        command += [
            "--auth=scram-sha-256",
            f"--pwfile={password_file}",
            "--encoding=UTF8",
            "--no-instructions",
        ]
        command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += ["--no-sync"] if self.throw_away else []
        try:
            process = self.spawn(command, output=subprocess.PIPE)
            output, _ = process.communicate()
        finally:
            password_file.unlink()
        if process.returncode != 0:
            raise LauncherError(f"initdb failed:\n{output.decode(errors='replace')}")
        unfinished.rename(self.data)

    def check_version(self) -> None:
        """Refuse data that another major version of PostgreSQL wrote."""
        version = (self.data / "PG_VERSION").read_text().strip()
        if self.programs.parent.name != f"pginstall{version}":
            raise LauncherError(
                f"{self.data} was written by PostgreSQL {version}, which this is not. Move it away."
            )

    def end_abandoned_server(self) -> None:
        """End a server that still runs on this data, and remove its lock file.

        The launcher holds the folder, so the server's own launcher is gone. The file alone is no proof of a server:
        after a restart of the machine its process number belongs to somebody else.
        """
        pid = self.pid_in_lock_file()
        if pid is None:
            return
        with contextlib.suppress(psutil.Error, OSError):
            process = psutil.Process(pid)
            if process.name().startswith("postgres") and Path(process.cwd()) == self.data.resolve():
                end_processes([process], polite_signal=signal.SIGINT)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def command(self, port: int) -> list[str]:
        """Return the command line of the server on ``port``."""
        self.port = port
        settings = {**SETTINGS, **(THROW_AWAY_SETTINGS if self.throw_away else {}), "port": str(port)}
        command = [str(self.programs / "postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return command

    def spawn(
        self, command: list[str], *, output: int | IO[bytes] = subprocess.PIPE
    ) -> "subprocess.Popen[bytes]":
        """Start one of the programs as the user that it has to run as, with none of our secrets in its environment."""
        environment = {"PATH": os.defpath, "LC_ALL": "C", "HOME": str(self.home)}
        environment |= {name: os.environ[name] for name in [RUN_VARIABLE] if name in os.environ}
        return spawn(
            command,
            cwd=self.home,
            env=environment,
            output=output,
            death_signal=self.death_signal,
            user=self.folder.user,
        )

    def wait_until_ready(
        self, process: "subprocess.Popen[bytes]", *, idle: Callable[[float], None] = time.sleep
    ) -> bool:
        """Wait until the server accepts connections; False when its process has ended instead.

        Raises:
            LauncherError: it does neither within a minute.
        """
        give_up_at = time.monotonic() + START_SECONDS
        while not self.is_ready(process.pid):
            if process.poll() is not None:
                return False
            if time.monotonic() >= give_up_at:
                raise LauncherError(f"PostgreSQL was not ready within {START_SECONDS} s.")
            idle(0.05)
        return True

    def is_ready(self, pid: int) -> bool:
        """Whether the server says so in its lock file, as pg_ctl reads it: the eighth line."""
        lines = self.read_lock_file()
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"  # noqa: PLR2004

    def read_lock_file(self) -> list[str]:
        """Return the lines of postmaster.pid."""
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def pid_in_lock_file(self) -> int | None:
        """Return the process number in postmaster.pid."""
        lines = self.read_lock_file()
        return int(lines[0]) if lines and lines[0].strip().isdigit() else None

    def url(self, database: str) -> str:
        """Return the URL of a database on the running server."""
        return f"postgresql://{SUPERUSER}:{self.folder.secret(PASSWORD_FILE)}@{HOST}:{self.port}/{database}"

    def create_database(self, name: str) -> None:
        """Create a database unless it is there.

        Raises:
            LauncherError: the server does not let us in.
        """
        try:
            connection = psycopg2.connect(self.url("postgres"), connect_timeout=5)
        except psycopg2.OperationalError as error:
            raise LauncherError(
                f"The private PostgreSQL refuses the password in {self.folder.path / PASSWORD_FILE}: {error}"
            ) from error
        with contextlib.closing(connection):
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
                if cursor.fetchone() is None:
                    cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Stop a server: open connections are ended, its data is written, and only a server that hangs is killed."""
    for signal_number, seconds in (
        (signal.SIGINT, FAST_STOP_SECONDS),
        (signal.SIGQUIT, 1.0),
        (signal.SIGKILL, 1.0),
    ):
        if process.poll() is None:
            process.send_signal(signal_number)
            wait_for(lambda: process.poll() is not None, seconds=seconds)
