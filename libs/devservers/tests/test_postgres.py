"""The copy of PostgreSQL's programs, which PostgreSQL's user runs if this process is root."""

import os

import pytest

from devservers.postgres import INSTALLATION, LIBRARIES, copy_server

FILES = {
    INSTALLATION / "bin" / "postgres": 0o700,
    INSTALLATION / "share" / "words": 0o600,
    INSTALLATION / "share" / "open": 0o644,
}


def refuse(source, target):
    raise OSError


@pytest.fixture
def site_packages(tmp_path):
    """The files of a wheel, some of them readable only by their owner."""
    place = tmp_path / "site-packages"
    for part in (*(INSTALLATION / name for name in ("bin", "lib", "share")), LIBRARIES):
        (place / part).mkdir(parents=True, mode=0o700)
    for file, mode in FILES.items():
        (place / file).write_text("content")
        (place / file).chmod(mode)
    return place


@pytest.mark.parametrize("can_link", [True, False])
def test_copy_is_readable_and_executable_by_all_users(site_packages, tmp_path, monkeypatch, can_link):
    if not can_link:
        monkeypatch.setattr(os, "link", refuse)

    copy = copy_server(site_packages, tmp_path)

    found = {path.name: path.stat().st_mode & 0o777 for path in [copy, *copy.rglob("*")]}
    files = {file.name: found.pop(file.name) for file in FILES}
    assert files == {"postgres": 0o755, "words": 0o644, "open": 0o644}
    assert {*found.values()} == {0o755}
    assert (copy / INSTALLATION / "share" / "words").read_text() == "content"
    assert {file: (site_packages / file).stat().st_mode & 0o777 for file in FILES} == FILES
    assert (copy / INSTALLATION / "share" / "open").stat().st_nlink == (2 if can_link else 1)
    assert copy_server(site_packages, tmp_path) == copy
