"""Modules that chassis imports."""

import os
import subprocess
import sys
from pathlib import Path

IMPORT_ALL = """
import django
import pkgutil
import sys

import chassis

django.setup()
for module in pkgutil.walk_packages(chassis.__path__, "chassis."):
    __import__(module.name)
print(*sys.modules)
"""


def imported():
    """Return the names of all modules in a process that imports every module of chassis."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    process = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL], env=environment, check=True, capture_output=True, text=True
    )
    return set(process.stdout.split())


def test_chassis_imports_no_other_library_of_the_repository():
    modules = imported()

    assert {"chassis.rest.viewsets", "chassis.server", "lists.limits"} <= modules
    assert not {name.partition(".")[0] for name in modules} & {"http1", "speedups", "gevent"}
