"""The folders of throw-away servers, in memory or on disk."""

import tempfile
from pathlib import Path

import pytest

from devservers import folders
from devservers.folders import throw_away_folder


@pytest.fixture
def memory(tmp_path, monkeypatch):
    """Stands in for the file system in memory, with room enough."""
    monkeypatch.setattr(folders, "MEMORY", tmp_path)
    monkeypatch.setattr(folders, "LEAST_MEMORY", 1)
    return tmp_path


def test_folder_in_memory_is_removed_at_the_end(memory):
    with throw_away_folder(in_memory=True) as folder:
        assert folder.parent == memory
        (folder / "file").touch()

    assert [*memory.iterdir()] == []


@pytest.mark.parametrize(("name", "value"), [("LEAST_MEMORY", 2**80), ("MEMORY", Path("/nowhere"))])
def test_folder_is_on_disk_where_memory_has_no_room(memory, monkeypatch, name, value):
    monkeypatch.setattr(folders, name, value)

    with throw_away_folder(in_memory=True) as folder:
        assert folder.parent in (folders.ROOT_USERS_FOLDER, Path(tempfile.gettempdir()))


def test_folder_is_on_disk_unless_it_is_asked_for(memory):
    with throw_away_folder() as folder:
        assert folder.parent != memory
