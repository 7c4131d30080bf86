import os
import shutil
import tempfile
from pathlib import Path

import pytest
from clone import Clone

from launcher.configuration import ROOT_USERS_FOLDER
from launcher.data_folder import DataFolder


@pytest.fixture
def reachable_folder():
    """A folder that PostgreSQL's user can enter, which root's temporary folders are not."""
    parent = None
    if os.geteuid() == 0:
        parent = ROOT_USERS_FOLDER
        DataFolder(parent).prepare()
    folder = Path(tempfile.mkdtemp(prefix="test-launcher-", dir=parent))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def clone(tmp_path, reachable_folder):
    clone = Clone(tmp_path / "a clone", reachable_folder / "the data")
    yield clone
    clone.close()
