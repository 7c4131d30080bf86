"""The commands ``generate`` and ``startservice`` of ``manage_all.py``, in the root of the repository."""

import argparse
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from scaffold.descriptions import DescriptionError
from scaffold.generated import generate, stale
from scaffold.startservice import RefusedError, start_service

ROOT = Path.cwd()
SIGNALS = (signal.SIGINT, signal.SIGTERM)
NEXT = """
{folder} is a service on port {port}. The gateway routes /{resource} to it. Next:
  1. python3 manage_all.py test {name}
  2. python3 manage_all.py up, then /{resource} at the address of the gateway, which it prints
  3. Change the fields of {folder}/{resource}/models.py, as CONTRIBUTING.md describes under "A third service"
"""


def main() -> None:
    """Run the command; print the message of an expected failure without a traceback."""
    parser = argparse.ArgumentParser(prog="manage_all.py")
    commands = parser.add_subparsers(dest="command", required=True)
    writing = commands.add_parser("generate", help="write the files that are generated from */service.toml")
    writing.add_argument("--check", action="store_true", help="write nothing; fail if a file would change")
    starting = commands.add_parser("startservice", help="create a service with tests and gateway routes")
    starting.add_argument("name", help="of the service, such as payment")
    starting.add_argument("--resource", help="the resource that it serves; default: the plural of its name")
    starting.add_argument("--port", type=int, help="default: the next free port from 3100")
    starting.add_argument("--calls", nargs="+", default=[], metavar="SERVICE", help="add a client of each")
    starting.add_argument("--publishes", action="store_true", help="publish changes of its resource as events")
    starting.add_argument("--consumes", nargs="+", default=[], metavar="SERVICE", help="consume the events of each")
    options = parser.parse_args()
    for number in SIGNALS:
        signal.signal(number, interrupt)
    try:
        if options.command == "startservice":
            start(options)
        elif options.check:
            check()
        else:
            outcome = {True: "written", False: "removed"}
            changed = [f"{path.relative_to(ROOT)}: {outcome[path.exists()]}" for path in generate(ROOT)]
            print("\n".join(changed) or "Nothing has changed.")
    except (DescriptionError, RefusedError) as error:
        sys.exit(f"Error: {error}")


def interrupt(number: int, _frame: FrameType | None) -> None:
    """Raise SystemExit; ignore further signals, which would interrupt the cleanup."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


def check() -> None:
    """Fail if a generated file is stale."""
    if found := [f"{path.relative_to(ROOT)} is stale." for path in stale(ROOT)]:
        sys.exit("\n".join([*found, "Run: python3 manage_all.py generate"]))


def start(options: argparse.Namespace) -> None:
    """Create a service, update the generated files, and print the next steps; if it fails, undo all of it."""
    names = ("resource", "port", "calls", "publishes", "consumes")
    new = start_service(ROOT, options.name, **{name: getattr(options, name) for name in names})
    folder = f"{new.name}_project"
    try:
        for command in (["ruff", "check", "--select=I", "--fix"], ["ruff", "format"]):  # renaming changes lines
            subprocess.run([*command, "--quiet", folder], cwd=ROOT, check=True)
        generate(ROOT)
    except BaseException:
        shutil.rmtree(ROOT / folder)
        generate(ROOT)
        raise
    print(NEXT.format(folder=folder, name=new.name, resource=new.resource, port=new.port))


main()
