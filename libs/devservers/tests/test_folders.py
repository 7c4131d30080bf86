"""Temporary directories, on tmpfs or on disk."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from devservers import folders
from devservers.folders import temporary_directory


@pytest.fixture
def memory(tmp_path, monkeypatch):
    """A folder in the place of tmpfs, with enough free space."""
    monkeypatch.setattr(folders, "MEMORY", tmp_path)
    monkeypatch.setattr(folders, "LEAST_MEMORY", 1)
    return tmp_path


def test_directory_in_memory_is_removed_at_the_end(memory):
    with temporary_directory(in_memory=True) as folder:
        assert folder.parent == memory
        (folder / "file").touch()

    assert [*memory.iterdir()] == []


@pytest.mark.parametrize(("name", "value"), [("LEAST_MEMORY", 2**80), ("MEMORY", Path("/nowhere"))])
def test_directory_is_on_disk_if_memory_has_no_space(memory, monkeypatch, name, value):
    monkeypatch.setattr(folders, name, value)

    with temporary_directory(in_memory=True) as folder:
        assert folder.parent in (folders.ROOT_USERS_FOLDER, Path(tempfile.gettempdir()))


def test_directory_is_on_disk_by_default(memory):
    with temporary_directory() as folder:
        assert folder.parent != memory


HOLDER = """
import sys, time
from pathlib import Path
from devservers import folders
folders.MEMORY, folders.LEAST_MEMORY = Path(sys.argv[1]), 1
with folders.temporary_directory(in_memory=True) as folder:
    print(folder, flush=True)
    time.sleep(60)
"""


def test_directory_of_a_killed_process_is_removed_later(memory):
    (memory / "test-of-another-user").mkdir()
    command = [sys.executable, "-c", HOLDER, str(memory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as killed:
        try:
            abandoned = Path(killed.stdout.readline().strip())
            with temporary_directory(in_memory=True):
                assert abandoned.is_dir()  # while it is in use
        finally:
            killed.kill()
    assert abandoned.is_dir()

    with temporary_directory(in_memory=True) as folder:
        assert {*memory.iterdir()} == {folder, memory / "test-of-another-user"}
