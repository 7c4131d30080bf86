"""Rejects a bare ``pytest`` in the root: each project needs its own settings module, and so its own process."""

import pytest


def pytest_configure() -> None:
    raise pytest.UsageError("run `python3 manage_all.py test`, or pytest inside one of the projects")
