import pytest
from repository import Repository


@pytest.fixture(scope="session")
def committed(tmp_path_factory):
    return Repository(tmp_path_factory.mktemp("repository") / "a copy")


@pytest.fixture
def repository(committed):
    """A copy of the repository, which is restored after the test."""
    yield committed
    committed.restore()
