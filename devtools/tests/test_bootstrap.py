import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from devtools import bootstrap, stamp
from devtools.installation import describe
from devtools.projects import ROOT


@pytest.fixture
def root(tmp_path):
    """The files that decide what is installed."""
    for file in stamp.requirement_files(ROOT, development=True):
        copy = tmp_path / file.relative_to(ROOT)
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(file, copy)
    return tmp_path


def test_a_stamp_covers_what_it_was_made_for(root):
    wanted = stamp.Stamp.of_requirements(root, development=False)
    stamp.write(root, wanted)

    assert stamp.read(root).covers(wanted)


def test_a_changed_requirement_is_not_covered(root):
    stamp.write(root, stamp.Stamp.of_requirements(root, development=False))
    with (root / "launcher" / "requirements.txt").open("a") as file:
        file.write("# changed\n")

    assert not stamp.read(root).covers(stamp.Stamp.of_requirements(root, development=False))


def test_development_tools_are_not_covered_by_the_runtime_alone(root):
    runtime = stamp.Stamp.of_requirements(root, development=False)
    everything = stamp.Stamp.of_requirements(root, development=True)

    assert not runtime.covers(everything)
    assert everything.covers(runtime)


def test_an_interrupted_installation_covers_nothing(root):
    wanted = stamp.Stamp.of_requirements(root, development=False)

    assert not wanted.while_installing().covers(wanted)


def test_another_python_is_not_covered(root):
    wanted = stamp.Stamp.of_requirements(root, development=False)
    other = stamp.Stamp("cpython 3.99", wanted.runtime)

    assert not other.covers(wanted)
    assert other.covers_with_its_own_python(wanted)


def test_an_environment_made_by_hand_is_taken_for_its_python(tmp_path):
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.7\n")

    assert stamp.read(tmp_path) == stamp.Stamp("cpython 3.11")


def test_closed_streams_are_opened_before_anything_else_takes_their_place():
    code = (
        "import os; from devtools.bootstrap import open_closed_streams; os.close(0); open_closed_streams(); "
        "print(os.readlink('/proc/self/fd/0'))"
    )

    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert result.stdout == "/dev/null\n"


def test_a_missing_venv_module_is_reported_with_the_package_to_install(monkeypatch):
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda _name: None)

    with pytest.raises(SystemExit, match="apt-get install python3"):
        bootstrap.make_environment()


def test_progress_is_told_from_pips_lines():
    assert describe("Collecting django==5.2 (from -r x)") == "fetching django==5.2"
    assert describe("Installing collected packages: a, b, c") == "unpacking 3 packages"
    assert describe("  Downloading django.whl") is None


@pytest.mark.parametrize("version", ["2.7.18", "3.6.15", "3.8.18", "3.10.13"])
def test_an_old_python_is_told_what_is_needed(version):
    python = (
        Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions" / version / "bin" / "python"
    )
    if not python.exists():
        pytest.skip(f"no Python {version} here")

    result = subprocess.run([python, ROOT / "manage_all.py"], capture_output=True, text=True, check=False)

    assert result.returncode == 1
    assert "manage_all.py needs Python 3.11 or newer" in result.stderr
    assert "Traceback" not in result.stderr
