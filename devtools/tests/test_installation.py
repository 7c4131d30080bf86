"""``manage_all.py`` in fresh copies of the repository, under various indexes, networks and personal settings."""

import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from devtools.lint import EXPORT
from devtools.projects import ROOT

LEFT_OUT = (".venv", ".git", ".data", "__pycache__", ".*_cache", ".coverage*", ".hypothesis", "tests")
NOWHERE = "http://127.0.0.1:9"  # nothing listens there
NO_NETWORK = {f"{scheme}_PROXY": NOWHERE for scheme in ("HTTP", "HTTPS", "ALL")} | {"NO_PROXY": ""}
SECONDS = 120


class Copy:
    """A fresh copy of the repository, without an environment."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.stamp = root / ".venv" / "manage_all.json"
        shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)

    def run(self, *arguments, python=sys.executable, **variables):
        unwanted = ("VIRTUAL_ENV", "PYTHONPATH")
        environment = {name: value for name, value in os.environ.items() if name not in unwanted}
        # The base interpreter of .venv, without the packages in .venv.
        command = [os.path.realpath(python), str(self.root / "manage_all.py"), *arguments]
        result = subprocess.run(
            command,
            cwd=self.root.parent,
            env=environment | variables,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        self.printed = result.stdout
        return result.returncode, result.stdout + result.stderr

    def versions(self):
        """Return the third-party packages in its environment."""
        command = [self.root / ".venv" / "bin" / "uv", "pip", "freeze", "--exclude-editable"]
        environment = {**os.environ, "VIRTUAL_ENV": str(self.root / ".venv")}
        listed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        return dict(line.split("==") for line in listed.splitlines())

    def remove_package(self, name):
        (site_packages,) = self.root.glob(".venv/lib/python3*/site-packages")
        for path in [*site_packages.glob(f"{name}-*.dist-info"), *site_packages.glob(name)]:
            shutil.rmtree(path)


@pytest.fixture
def copy(tmp_path):
    return Copy(tmp_path / "a copy")


@pytest.fixture(scope="module")
def newer_index():
    """An index with a newer version of every package; yields its URL and the paths of received requests."""
    paths = []

    class Index(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            paths.append(self.path)
            name = self.path.strip("/").rpartition("/")[2]
            link = f'<a href="/{name}-999.0-py3-none-any.whl">{name}-999.0-py3-none-any.whl</a>'
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f"<!DOCTYPE html><html><body>{link}</body></html>".encode())

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield SimpleNamespace(url=f"http://127.0.0.1:{server.server_port}/simple", paths=paths)
        server.shutdown()
        thread.join()


class FirstRun(NamedTuple):
    """The first command in a copy, which installs the packages: its output and the installed versions."""

    copy: Copy
    status: int
    output: str
    printed: str
    versions: dict[str, str]


@pytest.fixture(scope="module")
def first_run(tmp_path_factory, newer_index):
    """Run the first command in a copy, without a network and with personal settings of pip, uv and Python."""
    folder = tmp_path_factory.mktemp("installed")
    (folder / "uv").mkdir()
    (folder / "uv" / "uv.toml").write_text(f'[[index]]\nurl = "{newer_index.url}"\ndefault = true\n')
    (folder / "pip").mkdir()
    (folder / "pip" / "pip.conf").write_text(f"[global]\nindex-url = {newer_index.url}\nrequire-virtualenv = true\n")
    copy = Copy(folder / "a copy")
    status, output = copy.run(
        *("token", "--user", "7", "--scope", "orders:read"),
        DATA_DIR=str(folder / "data"),
        XDG_CONFIG_HOME=str(folder),
        UV_DEFAULT_INDEX=newer_index.url,
        UV_INDEX_URL=newer_index.url,
        UV_NO_BINARY="1",
        UV_PROJECT_ENVIRONMENT=str(folder / "elsewhere"),
        PIP_INDEX_URL=newer_index.url,
        PIP_TARGET=str(folder / "elsewhere"),
        PIP_NO_BINARY=":all:",
        PYTHONPATH=str(folder),
        PYTHONDONTWRITEBYTECODE="1",
        **NO_NETWORK,
    )
    return FirstRun(copy, status, output, copy.printed, copy.versions())


@pytest.fixture
def installed(first_run):
    """A copy with a complete environment. A test that changes it must restore it."""
    return first_run.copy


@pytest.fixture
def incomplete(installed):
    """A copy whose environment lacks an optional package and is usable."""
    installed.remove_package("opentelemetry_sdk")
    installed.stamp.unlink()
    yield installed
    installed.run("status")


@pytest.fixture
def empty_cache(tmp_path):
    """A cache without a package, but with uv itself."""
    cache = tmp_path / "cache"
    own = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "django-microservices"
    shutil.copytree(own, cache / "django-microservices")
    return {"XDG_CACHE_HOME": str(cache), "UV_CACHE_DIR": str(cache / "uv")}


def locked_versions():
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    versions = {}
    for package in packages:
        versions.setdefault(package["name"], set()).add(package.get("version"))
    return versions


def assert_is_locked(found):
    assert len(found) > 30
    locked = locked_versions()
    assert {name: version for name, version in found.items() if version not in locked[name]} == {}


def test_installation_works_offline_from_a_filled_cache(first_run):
    assert first_run.status == 0, first_run.output
    assert "Installed in" in first_run.output
    assert_is_locked(first_run.versions)
    assert "pytest" not in first_run.versions


def test_newer_releases_and_personal_settings_have_no_effect(first_run, newer_index):
    root = first_run.copy.root

    assert_is_locked(first_run.versions)
    assert newer_index.paths == []
    assert not (root.parent / "elsewhere").exists()
    assert list(root.glob("devtools/devtools/__pycache__/*.pyc")), "each start would compile everything"


def test_progress_of_the_installation_is_not_on_stdout(first_run):
    assert "Installing the packages" in first_run.output
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", first_run.printed)


def test_a_second_command_installs_nothing(installed):
    status, output = installed.run("status")

    assert status == 1
    assert "up is not running" in output
    assert "Install" not in output


@pytest.mark.parametrize("command", ["lint", "fuzz"])
def test_a_failed_installation_of_development_packages_harms_no_other_command(installed, empty_cache, command):
    failed = installed.run(command, **empty_cache, **NO_NETWORK)
    _, output = installed.run("status", **empty_cache, **NO_NETWORK)

    assert failed[0] == 1
    assert "The packages could not be installed: " in failed[1]
    assert "Install" not in output
    assert "up is not running" in output


def test_closed_streams_change_nothing(installed):
    command = f"exec '{os.path.realpath(sys.executable)}' '{installed.root}/manage_all.py' status <&- 2>&-"

    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)

    assert "up is not running" in result.stdout


def test_commands_work_in_an_environment_that_cannot_be_completed(incomplete, empty_cache, reachable_folder):
    data_dir = str(reachable_folder / "the data of a copy")

    for command in (["status"], ["check", "gateway"], ["shell", "gateway", "--command=1"]):
        status, output = incomplete.run(*command, DATA_DIR=data_dir, UV_OFFLINE="1", **empty_cache)

        assert "Continuing with the installed packages." in output
        assert "Traceback" not in output
        assert status == (1 if command == ["status"] else 0), output


def test_a_changed_lock_is_installed(installed):
    with (installed.root / "uv.lock").open("a") as lock:
        lock.write("\n# changed\n")

    assert "Installed in" in installed.run("status", **NO_NETWORK)[1]


def test_an_interrupted_installation_recreates_the_environment(installed):
    installed.stamp.write_text('{"interrupted": true}')
    installed.remove_package("django")

    _, output = installed.run("status", **NO_NETWORK)

    assert "Making the virtual environment" in output
    assert "django" in installed.versions()


def test_a_moved_checkout_recreates_its_environment(installed):
    old, new = installed.root, installed.root.with_name("a moved copy")
    code = "import devtools; print(devtools.__file__)"

    try:
        installed.root = old.rename(new)
        _, output = installed.run("status", **NO_NETWORK)
        imported = subprocess.check_output([new / ".venv" / "bin" / "python", "-P", "-c", code], text=True)
    finally:
        installed.root = new.rename(old)
        installed.run("status")

    assert "Making the virtual environment" in output
    assert "up is not running" in output
    assert imported.startswith(str(new))


def other_python():
    """Return another supported Python; skip the test if there is none."""
    root = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    for folder in root.glob("versions/3.1[1-4].*") if os.access(root, os.R_OK | os.X_OK) else ():
        if not folder.name.startswith(f"3.{sys.version_info.minor}."):
            return folder / "bin" / "python"
    pytest.skip("there is one Python here")


def test_an_environment_of_another_python_is_recreated_for_up_and_used_by_other_commands(installed):
    installed.run("up", USER_PORT="none")  # recreates the environment with this Python if necessary
    python = other_python()

    _, status = installed.run("status", python=python)
    version = (installed.root / ".venv" / "pyvenv.cfg").read_text()
    _, up = installed.run("up", python=python, USER_PORT="none")

    assert "Making" not in status
    assert "up is not running" in status
    assert f"version = 3.{sys.version_info.minor}." in version
    assert "Making the virtual environment" in up
    assert (installed.root / ".venv" / "pyvenv.cfg").read_text() != version


def test_a_project_whose_folder_was_deleted_is_not_installed(copy):
    shutil.rmtree(copy.root / "order_project")

    status, output = copy.run("generate")

    assert (status, "uv.lock: written" in output) == (0, True), output
    assert "order-project" not in (copy.root / "uv.lock").read_text()


def test_no_network_at_the_first_start_is_one_line(copy, tmp_path):
    status, output = copy.run("up", XDG_CACHE_HOME=str(tmp_path / "nothing"), **NO_NETWORK)

    assert status == 1
    assert "could not be downloaded: " in output.splitlines()[-1]
    assert "Traceback" not in output


def test_no_network_for_packages_is_one_line(copy, empty_cache):
    status, output = copy.run("up", **empty_cache, **NO_NETWORK)

    assert status == 1
    assert "The packages could not be installed: error: " in output.splitlines()[-1]
    assert "Traceback" not in output


def test_an_environment_that_cannot_be_written_is_named_in_one_line(copy):
    (copy.root / ".venv").touch()

    status, output = copy.run("up", **NO_NETWORK)

    assert status == 1
    assert output.startswith(f"{copy.root / '.venv'} cannot be written: ")
    assert "Traceback" not in output


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_checkout_is_named_in_one_line(copy):
    copy.root.chmod(0o555)

    status, output = copy.run("up", **NO_NETWORK)

    copy.root.chmod(0o755)
    assert status == 1
    assert output == f"{copy.root / '.venv'} cannot be written: Permission denied.\n"


def test_an_unknown_suite_is_refused_before_anything_is_installed(copy):
    status, output = copy.run("test", "foo")

    assert status == 1
    assert output.startswith("There is no suite 'foo'; there are gateway, order, ")
    assert not (copy.root / ".venv").exists()


def test_a_library_without_tests_is_no_suite(copy):
    for folder in copy.root.glob("libs/*/"):
        (folder / "tests").mkdir()
    (copy.root / "libs" / "idempotency" / "tests").rmdir()

    status, output = copy.run("test", "idempotency")

    assert (status, "There is no suite" in output) == (1, True), output
    assert " idempotency" not in output.partition(";")[2]


@pytest.mark.parametrize("version", ["3.6.15", "3.8.18", "3.10.13"])
def test_an_old_python_gets_the_required_version(version):
    python = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions" / version / "bin" / "python"
    if not os.access(python, os.X_OK):
        pytest.skip(f"no Python {version} here")

    result = subprocess.run([python, ROOT / "manage_all.py"], capture_output=True, text=True, check=False)

    assert result.returncode == 1
    assert "manage_all.py needs Python 3.11 or newer" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_packages_of_every_project_are_audited():
    command = [Path(sys.executable).with_name("uv"), *EXPORT.split()[1:]]

    exported = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    names = {line.partition("==")[0] for line in exported.splitlines() if "==" in line}
    assert names >= {"django", "djangorestframework", "gevent", "limits", "requests", "opentelemetry-sdk"}
    assert "pytest" not in names


def test_the_tool_stays_small():
    lines = sum(len(file.read_text().splitlines()) for file in (ROOT / "devtools" / "devtools").glob("**/*.py"))

    assert lines <= 1200
