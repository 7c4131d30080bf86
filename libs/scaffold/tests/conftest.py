import pytest
from repository import Repository


@pytest.fixture(scope="session")
def committed(tmp_path_factory):
    return Repository(tmp_path_factory.mktemp("repository") / "a copy")


@pytest.fixture
def repository(committed):
    """A copy of the repository, restored after each test."""
    yield committed
    committed.restore()
