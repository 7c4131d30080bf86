import shutil

import pytest
from repository import ROOT

from scaffold.descriptions import DescriptionError, read_projects


@pytest.fixture
def describe(tmp_path):
    """Add a project to a repository that has a gateway."""

    def describe(name, text, packages='"users"'):
        folder = tmp_path / f"{name}_project"
        folder.mkdir()
        (folder / "service.toml").write_text(text)
        (folder / "pyproject.toml").write_text(f"[tool.uv.build-backend]\nmodule-name = [{packages}]\n")
        return tmp_path

    describe("gateway", "port = 8081\n", '"proxy"')
    return describe


def test_projects_of_the_repository_are_described():
    projects = read_projects(ROOT)

    assert {name: project.port for name, project in projects.items()}.items() >= {
        ("user", 8000),
        ("order", 3000),
        ("gateway", 8081),
    }
    assert {folder.name for folder in ROOT.glob("*_project")} == {project.package for project in projects.values()}


def test_a_project_has_no_worker_by_default(describe):
    describe("one", "port = 2\ndatabase = 'one_db'\nworker = true", '"one"')
    root = describe("other", "port = 1\ndatabase = 'other_db'", '"other"')

    projects = read_projects(root)

    assert [name for name, project in projects.items() if project.worker] == ["one"]
    assert projects["one"].worker_name == "one-worker"


def test_projects_are_ordered_by_their_calls_and_the_gateway_calls_all(describe):
    describe("billing", 'port = 1\ncalls = ["zoo"]\ngateway.paths = ["/bills"]', '"bills"')
    root = describe("zoo", 'port = 2\ngateway.paths = ["/animals"]', '"animals"')

    projects = read_projects(root)

    assert [*projects] == ["zoo", "billing", "gateway"]
    assert projects["gateway"].calls == ("zoo", "billing")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "'port'"),
        ('port = "8000"', "'8000' is not a port from 1 to 65535"),
        ("port = 70000", "70000 is not a port from 1 to 65535"),
        ("port = 8000\nports = 1", "ports"),
        ("port = 8000\n[gateway]\npath = '/users'", "gateway.path: unknown key"),
        ("port = 8000\n[gateway]\npaths = ['users']", 'gateway.paths: must be paths such as "/users"'),
        ("port = 8000\n[gateway]\nread_timeout = 1.0", 'gateway.paths: must be paths such as "/users"'),
        ("port = 8000\ncalls = ['absent']", "calls: there is no service absent."),
        ("port = 8081", "8081 is already used by"),
        ("port = 8000\ndatabase = 'db'\nworker = 'yes'", "worker: 'yes' is neither true nor false"),
        ("port = 8000\nworker = true", "worker: it needs a database"),
        ("port =", "Invalid value"),
    ],
)
def test_invalid_description_is_refused_with_file_and_reason(describe, text, reason):
    root = describe("user", text)

    with pytest.raises(DescriptionError) as refusal:
        read_projects(root)

    assert reason in str(refusal.value)
    assert "_project/service.toml" in str(refusal.value)


@pytest.mark.parametrize(
    "clash",
    [
        "port = 1\ngateway.paths = ['/same']",
        "port = 1\ndatabase = 'same_db'",
    ],
)
def test_two_projects_cannot_share_a_path_or_a_database(describe, clash):
    describe("one", clash.replace("port = 1", "port = 2"), '"one"')
    root = describe("other", clash, '"other"')

    with pytest.raises(DescriptionError, match="is already used by one_project"):
        read_projects(root)


def test_a_repository_without_a_gateway_is_refused(describe):
    root = describe("user", "port = 8000")
    shutil.rmtree(root / "gateway_project")

    with pytest.raises(DescriptionError, match="no gateway_project"):
        read_projects(root)
