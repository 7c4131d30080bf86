"""The copy of PostgreSQL's programs that its own user runs, where this process is root."""

import os

import pytest

from devservers.postgres import INSTALLATION, LIBRARIES, copy_server


def refuse(source, target):
    raise OSError


@pytest.fixture
def site_packages(tmp_path):
    """What a wheel brings, installed by somebody who shares nothing."""
    place = tmp_path / "site-packages"
    for part in (*(INSTALLATION / name for name in ("bin", "lib", "share")), LIBRARIES):
        (place / part).mkdir(parents=True, mode=0o700)
    for file, mode in ((INSTALLATION / "bin" / "postgres", 0o700), (INSTALLATION / "share" / "words", 0o600)):
        (place / file).write_text("content")
        (place / file).chmod(mode)
    return place


@pytest.mark.parametrize("can_link", [True, False])
def test_everybody_can_read_the_copy_and_run_its_programs(site_packages, tmp_path, monkeypatch, can_link):
    if not can_link:
        monkeypatch.setattr(os, "link", refuse)

    copy = copy_server(site_packages, tmp_path)

    found = {path.name: path.stat().st_mode & 0o777 for path in [copy, *copy.rglob("*")]}
    files = {"postgres": found.pop("postgres"), "words": found.pop("words")}
    assert files == {"postgres": 0o755, "words": 0o644}
    assert {*found.values()} == {0o755}
    assert (copy / INSTALLATION / "share" / "words").read_text() == "content"
    assert copy_server(site_packages, tmp_path) == copy
