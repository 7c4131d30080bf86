"""The codec depends only on the standard library."""

import subprocess
import sys

IMPORT_ALL = """
import pkgutil
import sys

before = set(sys.modules)
import http1

for module in pkgutil.walk_packages(http1.__path__, "http1."):
    __import__(module.name)
print(*{name.partition(".")[0] for name in sys.modules.keys() - before})
"""


def test_no_other_package_is_imported():
    process = subprocess.run([sys.executable, "-c", IMPORT_ALL], check=True, capture_output=True, text=True)
    packages = set(process.stdout.split())

    assert "http1" in packages
    assert packages - {"http1"} <= sys.stdlib_module_names
