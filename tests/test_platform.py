"""The services run as an arbitrary user with one writable folder, as on a restricted platform."""

import os
import shutil
import signal
import subprocess
import sys

import pytest

from devservers.ports import Address, find_free_port
from devservers.processes import send_to_group, spawn, wait_for
from devtools.projects import PROJECTS, gunicorn_command, manage_command
from tests.api import Client
from tests.system import environment_of

USER = 54321  # no account of the machine has it
START_SECONDS, STOP_SECONDS = 60, 12
# The mount namespace makes all but the folder read-only. The user namespace removes the privileges of root.
INSIDE = """
mount --bind "$TMPDIR" "$TMPDIR" && mount -o remount,ro,bind / &&
exec unshare --user --map-user={0} --map-group={0} "$@"
"""
TRY_TO_WRITE = """
import os, tempfile
print(os.getuid(), tempfile.gettempdir())
for folder in (os.environ["HOME"], os.getcwd(), "/usr", "/run"):
    try:
        tempfile.TemporaryFile(dir=folder)
    except OSError as error:
        print(error.strerror)
"""


def inside(*command):
    return ["unshare", "--mount", "sh", "-c", INSIDE.format(USER), "sh", *map(str, command)]


@pytest.fixture
def folder(tmp_path):
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("a read-only root file system needs root and unshare")
    return tmp_path


def environment(project, address, folder, data_dir, database_urls):
    given = environment_of(project, {project.name: address}, data_dir, database_urls)
    return {
        **given,
        "TMPDIR": str(folder),
        "HOME": "/nonexistent",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SECRET_KEY": "x" * 50,
    }


def test_sandbox_has_another_user_and_a_read_only_root(folder):
    given = {"PATH": os.environ["PATH"], "TMPDIR": str(folder), "HOME": str(folder.parent)}

    command = inside(sys.executable, "-c", TRY_TO_WRITE)
    done = subprocess.run(command, cwd=PROJECTS["user"].folder, env=given, capture_output=True, text=True, check=False)

    assert done.stdout.splitlines()[0] == f"{USER} {folder}", done.stderr
    assert "Read-only file system" in done.stdout


@pytest.mark.parametrize("name", PROJECTS)
def test_service_starts_serves_and_stops_with_any_user_and_a_read_only_root(name, folder, data_dir, database_urls):
    project, address = PROJECTS[name], Address("127.0.0.1", find_free_port())
    given = environment(project, address, folder, data_dir, database_urls)
    with (folder / "log").open("wb") as log:
        process = spawn(
            inside(*gunicorn_command(project)), cwd=project.folder, env=given, output=log, death_signal=None
        )
    try:
        ready = wait_for(lambda: address.health() == 200, seconds=START_SECONDS)
        assert ready, (folder / "log").read_text()
        with Client(address.url) as client:
            statuses = {
                client.get(path).status_code
                for path in ("/health/ready", *(project.routing.paths if project.routing else ()))
            }
    finally:
        send_to_group(process, signal.SIGTERM)
        status = process.wait(STOP_SECONDS)

    assert statuses == {200}
    assert status == 0
    assert "Permission denied" not in (folder / "log").read_text()


@pytest.mark.parametrize("name", [name for name, project in PROJECTS.items() if project.database])
def test_migrations_run_with_any_user_and_a_read_only_root(name, folder, data_dir, database_urls):
    project = PROJECTS[name]
    given = environment(project, Address("127.0.0.1", 1), folder, data_dir, database_urls)

    done = subprocess.run(
        inside(*manage_command(project, "migrate_once", "--no-input")),
        cwd=project.folder,
        env=given,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "No migrations to apply." in done.stdout
