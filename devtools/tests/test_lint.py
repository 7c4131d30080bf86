"""The checks of Docker, compose and workflow files, and of server configurations."""

import shutil

import pytest

from devtools.lint import ROOT, _run, checks

FILES = [".ci", "Dockerfile", "docker-compose.yml", "docker-compose.production.yml", ".github"]
FAULTS = [
    ("Dockerfile", "USER 10001:10001\n", "USER 10001:10001\nRUN cd /tmp\n", "DL3003"),
    ("docker-compose.yml", "restart: unless-stopped", "restarts: always", "'restarts'"),
    ("docker-compose.production.yml", "scale: 2", "scale: [2]", "[2]"),
    (".github/workflows/ci.yml", "name: CI", "title: CI", "'title'"),  # zizmor accepts such a file
    (".github/dependabot.yml", "interval: weekly", "interval: always", "'always'"),
    (".github/workflows/ci.yml", "@11bd71901bbe5b1630ceea73d27597364c9af683", "@main", "unpinned"),
]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """The results of the check before and after all faults are made, and its last output."""
    folder = tmp_path_factory.mktemp("files")
    (check,) = (each for each in checks(folder) if each.name.startswith("Dockerfile"))
    for each in FILES:
        copy = shutil.copytree if (ROOT / each).is_dir() else shutil.copy
        copy(ROOT / each, folder / each)
    _, before, _, _ = _run(check._replace(folder=folder))
    for file, old, new, _ in FAULTS:
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new))
    _, after, output, _ = _run(check._replace(folder=folder))
    return before, after, output


@pytest.mark.parametrize("finding", [finding for *_, finding in FAULTS])
def test_fault_in_a_file_is_found(outcomes, finding):
    before, after, output = outcomes

    assert (before, after) == ("ok", "FAILED")
    assert finding in output


@pytest.mark.parametrize("name", ["check of user_project", "server configuration of gateway_project"])
def test_settings_for_up_do_not_affect_the_checks(tmp_path, monkeypatch, name):
    monkeypatch.setenv("AUTH", "true")
    monkeypatch.setenv("WEB_CONCURRENCY", "many")
    (check,) = (each for each in checks(tmp_path) if each.name == name)

    assert _run(check)[1] == "ok"


def test_check_of_a_server_configuration_leaves_no_files(tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    (check,) = (each for each in checks(tmp_path) if each.name == "server configuration of gateway_project")

    assert _run(check)[1] == "ok"
    assert [*temporary.iterdir()] == []
