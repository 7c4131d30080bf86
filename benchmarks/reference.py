"""The reference stack, from ``reference_stack/``."""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

from benchmarks.stack import Stack, base_environment, ended_afterwards, free_addresses, wait_until_ready
from devservers.processes import spawn, wait_for
from devtools.errors import DevtoolsError

SOURCE = Path(__file__).parent / "reference_stack"
SERVICES = ("user", "order", "gateway")  # this repository may have more
INSTALL_SECONDS = 300


@contextlib.contextmanager
def reference_stack(name: str, database_urls: Mapping[str, str], folder: Path, workers: int) -> Iterator[Stack]:
    """Run the reference stack. Installs it if necessary, with the running Python.

    Raises:
        DevtoolsError: there is no Node.js, or the stack does not start.
    """
    if not (shutil.which("node") and shutil.which("npm")):
        raise DevtoolsError("The reference stack needs Node.js and npm. On Debian and Ubuntu: apt-get install npm")
    addresses = {name: address for name, address in free_addresses().items() if name in SERVICES}
    log = folder / f"{name}.log"
    environment = base_environment() | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "REF_CACHE": str(cache_folder()),
        **{f"REF_{service.upper()}_PORT": str(address.port) for service, address in addresses.items()},
        **{f"REF_{service.upper()}_DATABASE_URL": url for service, url in database_urls.items()},
    }
    with ended_afterwards(environment) as marked_environment:
        with log.open("wb") as output:
            process = spawn([str(SOURCE / "serve"), str(workers)], cwd=SOURCE, env=marked_environment, output=output)
        root = psutil.Process(process.pid)
        wait_for(
            lambda: process.poll() is not None or len(services_of(root)) == len(SERVICES),
            seconds=INSTALL_SECONDS,
            pause_seconds=0.2,
        )
        roots = services_of(root)
        if len(roots) < len(SERVICES):
            raise DevtoolsError(f"The reference stack did not start:\n{log.read_text()[-2000:]}")
        wait_until_ready(addresses, "/health", roots, [log])
        yield Stack(name, addresses, roots)


def cache_folder() -> Path:
    """Return the folder that caches its packages, one for each version of Python."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = caches / f"reference-stack-python{sys.version_info.major}.{sys.version_info.minor}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def services_of(root: psutil.Process) -> dict[str, psutil.Process]:
    """Return the first process of each service. ``serve`` starts each in the folder of its name."""
    services = {}
    with contextlib.suppress(psutil.Error):
        for child in root.children():
            with contextlib.suppress(psutil.Error, OSError):
                if child.name().startswith(("node", "uvicorn", "python")) and "create_tables.py" not in " ".join(
                    child.cmdline()
                ):
                    services[Path(child.cwd()).name] = child
    return {name: process for name, process in services.items() if name in SERVICES}
