import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest
from clone import Clone

from devtools.configuration import ROOT_USERS_FOLDER
from devtools.data_folder import DataFolder
from devtools.databases import create_databases, running
from devtools.postgres import PrivatePostgres


def pytest_configure():
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup, what is started here would ignore it, too


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def prepared_data(reachable_folder):
    """A data folder after its first start, which would take most of the time of the tests."""
    folder = DataFolder(reachable_folder / "the data")
    folder.prepare()
    with running(PrivatePostgres(folder)) as server:
        create_databases(server)
    return folder.path


@pytest.fixture
def new_clone(tmp_path, reachable_folder):
    """A clone that nothing was started in yet."""
    clone = Clone(tmp_path / "a clone", reachable_folder / f"the data of {tmp_path.name}")
    yield clone
    clone.close()


@pytest.fixture
def clone(new_clone, prepared_data):
    """A clone whose data folder is ready; the tests before it have used it, too."""
    new_clone.data_dir = prepared_data
    return new_clone
