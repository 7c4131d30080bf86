"""Fetches the uv that ``uv.lock`` pins: ``python installer.py FOLDER`` puts its program into FOLDER.

Standard library only: pip's version and configuration, and what an index offers today, have no influence.
"""

import contextlib
import hashlib
import io
import os
import platform
import ssl
import sys
import tomllib
import urllib.request
import zipfile
from pathlib import Path

LOCK_NAME = "uv.lock"
TIMEOUT_SECONDS = 60


class InstallError(Exception):
    """The installation cannot go on; the message says why, in one line."""


def install_uv(lock: Path, folder: Path) -> Path:
    """Put the uv program that ``lock`` pins into ``folder`` and return its path.

    Raises:
        InstallError: no wheel fits this platform, it cannot be downloaded, or its hash is wrong.
    """
    wheel = choose_wheel(lock)
    content = cached_download(wheel["url"], wheel["hash"].removeprefix("sha256:"))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".data/scripts/uv"))
        program = folder / "uv"
        unfinished = folder / f".uv-{os.getpid()}"
        unfinished.write_bytes(archive.read(name))
    unfinished.chmod(0o755)
    return unfinished.replace(program)


def choose_wheel(lock: Path) -> dict[str, str]:
    """Return the lock's entry (``url``, ``hash``) of uv's wheel for this platform."""
    packages = tomllib.loads(lock.read_text(encoding="utf-8"))["package"]
    (uv,) = (package for package in packages if package["name"] == "uv")
    system = "macosx" if sys.platform == "darwin" else "manylinux" if platform.libc_ver()[0] else "musllinux"
    for wheel in uv["wheels"]:
        tags = wheel["url"].rpartition("/")[2]
        if system in tags and tags.endswith(f"_{platform.machine()}.whl"):
            return dict(wheel)
    raise InstallError(f"uv {uv['version']} has no wheel for {sys.platform} on {platform.machine()}.")


def cached_download(url: str, sha256: str) -> bytes:
    """Return the file at ``url``, from the cache if an earlier download left it there."""
    cached = cache_folder() / url.rpartition("/")[2]
    with contextlib.suppress(OSError):
        content = cached.read_bytes()
        if hashlib.sha256(content).hexdigest() == sha256:
            return content
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context()) as response:  # noqa: S310 - https, from the lock
            content = response.read()
    except OSError as error:
        raise InstallError(f"{url} cannot be downloaded: {getattr(error, 'reason', error)}") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise InstallError(f"{url} does not have the hash that {LOCK_NAME} pins.")
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time, nothing else
        cached.parent.mkdir(parents=True, exist_ok=True)
        unfinished = cached.with_name(f".{cached.name}-{os.getpid()}")
        unfinished.write_bytes(content)
        unfinished.replace(cached)
    return content


def cache_folder() -> Path:
    """Return the folder of downloads that all clones share."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "django-microservices"


if __name__ == "__main__":
    install_uv(Path(__file__).with_name(LOCK_NAME), Path(sys.argv[1]))
