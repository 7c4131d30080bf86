"""``manage_all.py`` in fresh copies of the repository, with what an index, a network and a person's settings can do."""

import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

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
        shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)

    def run(self, *arguments, python=sys.executable, **variables):
        unwanted = ("VIRTUAL_ENV", "PYTHONPATH")
        environment = {name: value for name, value in os.environ.items() if name not in unwanted}
        # The interpreter that .venv was made from: that one's own packages are not seen.
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
        """The third-party packages in its environment."""
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
def installed(tmp_path_factory):
    """A copy with an environment, for tests that leave it as it is."""
    copy = Copy(tmp_path_factory.mktemp("installed") / "a copy")
    copy.run("status")
    return copy


@pytest.fixture(scope="module")
def incomplete(tmp_path_factory):
    """A copy whose environment lacks a package, and can be used all the same."""
    copy = Copy(tmp_path_factory.mktemp("incomplete") / "a copy")
    copy.run("status")
    copy.remove_package("opentelemetry_sdk")
    (copy.root / ".venv" / "manage_all.json").unlink()
    return copy


@pytest.fixture
def empty_cache(tmp_path):
    """A cache without a package, but with uv itself."""
    cache = tmp_path / "cache"
    own = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "django-microservices"
    shutil.copytree(own, cache / "django-microservices")
    return {"XDG_CACHE_HOME": str(cache), "UV_CACHE_DIR": str(cache / "uv")}


@pytest.fixture
def newer_index():
    """An index that offers a newer version of every package; yields its URL and the paths that it was asked for."""
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
        yield f"http://127.0.0.1:{server.server_port}/simple", paths
        server.shutdown()
        thread.join()


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


def test_installation_works_offline_from_a_filled_cache(copy):
    status, output = copy.run("status", **NO_NETWORK)

    assert "up is not running" in output, output
    assert status == 1
    assert_is_locked(copy.versions())
    assert "pytest" not in copy.versions()


def test_newer_releases_and_the_settings_of_a_person_change_nothing(copy, newer_index, tmp_path):
    url, paths = newer_index
    settings = tmp_path / "settings"
    (settings / "uv").mkdir(parents=True)
    (settings / "uv" / "uv.toml").write_text(f'[[index]]\nurl = "{url}"\ndefault = true\n')
    (settings / "pip").mkdir()
    (settings / "pip" / "pip.conf").write_text(f"[global]\nindex-url = {url}\nrequire-virtualenv = true\n")

    _, output = copy.run(
        "status",
        XDG_CONFIG_HOME=str(settings),
        UV_DEFAULT_INDEX=url,
        UV_INDEX_URL=url,
        UV_NO_BINARY="1",
        UV_PROJECT_ENVIRONMENT=str(tmp_path / "elsewhere"),
        PIP_INDEX_URL=url,
        PIP_TARGET=str(tmp_path / "elsewhere"),
        PIP_NO_BINARY=":all:",
        PYTHONPATH=str(tmp_path),
        PYTHONDONTWRITEBYTECODE="1",
        **NO_NETWORK,
    )

    assert "up is not running" in output, output
    assert list(copy.root.glob("devtools/devtools/__pycache__/*.pyc")), "each start would compile everything"
    assert_is_locked(copy.versions())
    assert paths == []
    assert not (tmp_path / "elsewhere").exists()


def test_a_second_command_installs_nothing(installed):
    assert "Install" not in installed.run("status")[1]


def test_a_changed_lock_is_installed(copy):
    copy.run("status")
    with (copy.root / "uv.lock").open("a") as lock:
        lock.write("\n# changed\n")

    assert "Installed in" in copy.run("status", **NO_NETWORK)[1]


def test_a_project_whose_folder_is_gone_is_not_installed(copy):
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


def test_a_failed_installation_of_development_packages_harms_no_other_command(installed, empty_cache):
    failed = installed.run("lint", **empty_cache, **NO_NETWORK)
    _, output = installed.run("status", **empty_cache, **NO_NETWORK)

    assert failed[0] == 1
    assert "The packages could not be installed: " in failed[1]
    assert "Install" not in output
    assert "up is not running" in output


@pytest.mark.parametrize(
    "command", [["status"], ["check", "gateway"], ["shell", "gateway", "--command=1"]], ids=" ".join
)
def test_commands_work_in_an_environment_that_cannot_be_completed(incomplete, empty_cache, reachable_folder, command):
    data_dir = str(reachable_folder / "the data of a copy")

    status, output = incomplete.run(*command, DATA_DIR=data_dir, **empty_cache, **NO_NETWORK)

    assert "Continuing with the installed packages." in output
    assert "Traceback" not in output
    assert status == (1 if command == ["status"] else 0), output


def test_progress_of_the_installation_is_not_among_what_a_command_prints(copy):
    arguments = ["token", "--user", "7", "--scope", "orders:read"]

    status, output = copy.run(*arguments, DATA_DIR=str(copy.root.parent / "data"))

    assert status == 0, output
    assert "Installing the packages" in output
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", copy.printed)


def test_an_interrupted_installation_starts_from_nothing(copy):
    copy.run("status")
    (copy.root / ".venv" / "manage_all.json").write_text('{"interrupted": true}')
    copy.remove_package("django")

    _, output = copy.run("status", **NO_NETWORK)

    assert "Making the virtual environment" in output
    assert "django" in copy.versions()


def other_python():
    """Another Python that the tool supports, where this machine has one."""
    for folder in Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser().glob("versions/3.1[1-4].*"):
        if not folder.name.startswith(f"3.{sys.version_info.minor}."):
            return folder / "bin" / "python"
    pytest.skip("there is one Python here")


def test_an_environment_of_another_python_is_made_anew_for_up_and_used_by_other_commands(copy):
    copy.run("status")
    python = other_python()

    _, status = copy.run("status", python=python)
    version = (copy.root / ".venv" / "pyvenv.cfg").read_text()
    _, up = copy.run("up", python=python, USER_PORT="none")

    assert "Making" not in status
    assert "up is not running" in status
    assert f"version = 3.{sys.version_info.minor}." in version
    assert "Making the virtual environment" in up
    assert (copy.root / ".venv" / "pyvenv.cfg").read_text() != version


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


def test_closed_streams_change_nothing(installed):
    command = f"exec '{os.path.realpath(sys.executable)}' '{installed.root}/manage_all.py' status <&- 2>&-"

    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)

    assert "up is not running" in result.stdout


@pytest.mark.parametrize("version", ["3.6.15", "3.8.18", "3.10.13"])
def test_an_old_python_is_told_which_one_is_needed(version):
    python = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions" / version / "bin" / "python"
    if not python.exists():
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
