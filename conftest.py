"""Refuses a bare ``pytest`` at the top: one process has one settings module, and each project has its own."""

import pytest


def pytest_configure() -> None:
    raise pytest.UsageError("run `python3 manage_all.py test`, or pytest inside one of the projects")
