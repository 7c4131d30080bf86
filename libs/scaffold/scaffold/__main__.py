"""The commands ``generate`` and ``startservice`` of ``manage_all.py``, in the root of the repository."""

import argparse
import subprocess
import sys
from pathlib import Path

from scaffold.descriptions import DescriptionError, read_projects
from scaffold.generated import generate, stale
from scaffold.startservice import RefusedError, start_service

ROOT = Path.cwd()
NEXT = """
{folder} is a service on port {port}; the gateway leads to it at /{resource}. Next:
  1. python3 manage_all.py test {name}
  2. python3 manage_all.py up, then http://localhost:{gateway}/{resource}
  3. Change {folder}/{resource}/models.py, then: python3 manage_all.py makemigrations {name}
"""


def main() -> None:
    """Run the command; a failure that a person can mend is its message, without a traceback."""
    parser = argparse.ArgumentParser(prog="manage_all.py")
    commands = parser.add_subparsers(dest="command", required=True)
    writing = commands.add_parser("generate", help="write the files that follow from */service.toml")
    writing.add_argument("--check", action="store_true", help="write nothing; fail if a file would change")
    starting = commands.add_parser("startservice", help="make a service that runs, is tested and is routed")
    starting.add_argument("name", help="of the service, such as payment")
    starting.add_argument("--resource", help="what it serves; by default the plural of its name")
    starting.add_argument("--port", type=int, help="by default the next one from 3100 on")
    starting.add_argument("--calls", nargs="+", default=[], metavar="SERVICE", help="brings a client of each")
    starting.add_argument("--publishes", action="store_true", help="publishes what happens to its resource as events")
    starting.add_argument("--consumes", nargs="+", default=[], metavar="SERVICE", help="reads the events of each")
    options = parser.parse_args()
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


def check() -> None:
    """Fail if a generated file is not what follows from the descriptions."""
    if found := [f"{path.relative_to(ROOT)} is not what follows from the descriptions." for path in stale(ROOT)]:
        sys.exit("\n".join([*found, "Run: python3 manage_all.py generate"]))


def start(options: argparse.Namespace) -> None:
    """Make a new service and everything that lists services; print what to do next."""
    names = ("resource", "port", "calls", "publishes", "consumes")
    new = start_service(ROOT, options.name, **{name: getattr(options, name) for name in names})
    folder = f"{new.name}_project"
    for command in (["ruff", "check", "--select=I", "--fix"], ["ruff", "format"]):  # other names, other lines
        subprocess.run([*command, "--quiet", folder], cwd=ROOT, check=True)
    generate(ROOT)
    gateway = read_projects(ROOT)["gateway"].port
    print(NEXT.format(folder=folder, name=new.name, resource=new.resource, port=new.port, gateway=gateway))


main()
