"""Checks of files that no Python tool reads find what is wrong with them."""

import shutil

import pytest

from devtools.lint import ROOT, _run, checks

FILES = [".ci", "Dockerfile", "docker-compose.yml", "docker-compose.production.yml", ".github"]


@pytest.mark.parametrize(
    ("file", "old", "new", "finding"),
    [
        ("Dockerfile", "USER 10001:10001\n", "USER 10001:10001\nRUN cd /tmp\n", "DL3003"),
        ("docker-compose.yml", "restart: unless-stopped", "restarts: always", "'restarts'"),
        ("docker-compose.production.yml", "scale: 2", "scale: [2]", "[2]"),
        (".github/workflows/ci.yml", "runs-on:", "run-on:", "'run-on'"),
        (".github/dependabot.yml", "interval: weekly", "interval: always", "'always'"),
        (".github/workflows/ci.yml", "@11bd71901bbe5b1630ceea73d27597364c9af683", "@main", "unpinned"),
    ],
)
def test_fault_in_a_file_is_found(tmp_path, file, old, new, finding):
    (check,) = (each for each in checks(tmp_path) if each.name.startswith("Dockerfile"))
    for each in FILES:
        copy = shutil.copytree if (ROOT / each).is_dir() else shutil.copy
        copy(ROOT / each, tmp_path / each)
    _, before, _, _ = _run(check._replace(folder=tmp_path))
    (tmp_path / file).write_text((tmp_path / file).read_text().replace(old, new))

    _, after, output, _ = _run(check._replace(folder=tmp_path))

    assert (before, after) == ("ok", "FAILED")
    assert finding in output
