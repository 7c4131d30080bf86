"""The folders of throw-away servers, in memory or on disk."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from devservers import folders
from devservers.folders import temporary_directory


@pytest.fixture
def memory(tmp_path, monkeypatch):
    """Stands in for the file system in memory, with room enough."""
    monkeypatch.setattr(folders, "MEMORY", tmp_path)
    monkeypatch.setattr(folders, "LEAST_MEMORY", 1)
    return tmp_path


def test_folder_in_memory_is_removed_at_the_end(memory):
    with temporary_directory(in_memory=True) as folder:
        assert folder.parent == memory
        (folder / "file").touch()

    assert [*memory.iterdir()] == []


@pytest.mark.parametrize(("name", "value"), [("LEAST_MEMORY", 2**80), ("MEMORY", Path("/nowhere"))])
def test_folder_is_on_disk_where_memory_has_no_room(memory, monkeypatch, name, value):
    monkeypatch.setattr(folders, name, value)

    with temporary_directory(in_memory=True) as folder:
        assert folder.parent in (folders.ROOT_USERS_FOLDER, Path(tempfile.gettempdir()))


def test_folder_is_on_disk_unless_it_is_asked_for(memory):
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


def test_folder_whose_maker_was_killed_is_removed_by_the_next(memory):
    (memory / "test-of-somebody-else").mkdir()
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
        assert {*memory.iterdir()} == {folder, memory / "test-of-somebody-else"}
