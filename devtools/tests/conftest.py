import shutil
import signal
import subprocess

import pytest
from clone import DESCRIBED, Clone

from devservers.folders import make_folder, temporary_directory
from devservers.postgres import PrivatePostgres, running
from devtools.projects import PROJECTS


def pytest_configure():
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # child processes would inherit that nohup ignores it


@pytest.fixture(scope="session")
def reachable_folder():
    """A temporary folder that PostgreSQL's user can enter, unlike the temporary folders of root."""
    with temporary_directory("test-devtools-") as folder:
        yield folder


@pytest.fixture(scope="session")
def prepared_data(reachable_folder):
    """A data folder after the first start of PostgreSQL, which is slow."""
    folder = reachable_folder / "the data"
    make_folder(folder)
    server = PrivatePostgres(folder)
    with running(server):
        for name in DESCRIBED:
            if database := PROJECTS[name].database:
                server.create_database(database)
    return folder


@pytest.fixture(scope="module")
def system(tmp_path_factory, reachable_folder, prepared_data):
    """A clone with its own data folder, for tests that share one ``up``: ``system.running_up()``."""
    root = tmp_path_factory.mktemp("system")
    data_dir = reachable_folder / f"data of {root.name}"
    make_folder(data_dir)
    subprocess.run(["cp", "-a", prepared_data / "postgres", prepared_data / "postgres_password", data_dir], check=True)
    clone = Clone(root / "a clone", data_dir)
    yield clone
    clone.close()


@pytest.fixture
def new_clone(tmp_path, reachable_folder):
    """A clone in which no command has run yet."""
    clone = Clone(tmp_path / "a clone", reachable_folder / f"the data of {tmp_path.name}")
    yield clone
    clone.close()
    shutil.rmtree(clone.root)


@pytest.fixture
def clone(new_clone, prepared_data):
    """A clone in which nothing runs, with a prepared data folder that the tests share."""
    new_clone.data_dir = prepared_data
    return new_clone
