"""The command line."""

import argparse
import os
import signal
import subprocess
import sys
from types import FrameType
from typing import Any

from devservers.postgres import PostgresError
from devtools import commands, lint, testing, up
from devtools.configuration import Configuration, read_dotenv
from devtools.errors import DevtoolsError
from devtools.projects import PROJECTS, ROOT, with_database

PORTS = ", ".join(f"{project.variable('PORT')} ({project.port})" for project in PROJECTS.values())
URLS = ", ".join(project.variable("DATABASE_URL") for project in with_database())
ENVIRONMENT = f"""
The environment, and a file .env beside manage_all.py, set: {PORTS}, BIND_HOST (127.0.0.1),
POSTGRES_PORT (any free one), DATA_DIR (.data, for root a folder under /var/lib), {URLS}, and everything else in
.env.example.
"""
# Help texts by command. The arguments of the second group are passed to another program.
OWN = {
    "up": "start PostgreSQL, the migrations and the services; Ctrl-C stops them",
    "down": "stop the `up` that runs in another terminal",
    "status": "show the state of the services, their workers, the database and the migrations",
    "logs": "print the log of the running `up`, or of its last run",
    "demo": "create demo users and orders, and an administrator",
    "lint": "run every static check",
}
PASSING_ON = {
    "test": "[SUITE...] [PYTEST ARGUMENTS]: run all tests, or those of the suites",
    "fuzz": "[--minutes 60] [--seed N]: send random messages to the gateway and the services, and check the responses",
    "migrate": "[PROJECT...] [ARGUMENTS]: apply migrations",
    "makemigrations": "[PROJECT...] [ARGUMENTS]: write new migrations",
    "check": "[PROJECT...] [ARGUMENTS]: run Django's system checks",
    "createsuperuser": "[PROJECT...] [ARGUMENTS]: create an administrator",
    "shell": "PROJECT: open the Django shell of a project",
    "run": "PROJECT COMMAND [ARGUMENTS]: run any Django command with the environment of the service",
    "lock": "[UV ARGUMENTS]: update uv.lock, for example with --upgrade",
    "generate": "write the files that are generated from each service.toml",
    "startservice": "NAME [--resource NAMES] [--port PORT] [--calls SERVICE...] [...]: create a new service (--help)",
    "token": "--user ID --scope SCOPE...: print an access token of the development issuer (docs/identity.md)",
    "rotate-token-key": "sign the tokens of the development issuer with a new key",
    "hash-key": "ID --scope SCOPE...: create an API key and store its hash",
    "bench": "[ARGUMENTS]: measure rates, latencies, CPU time and memory under load (docs/performance.md)",
}
PROGRAMS = {
    "lock": ["uv", "lock"],
    "bench": [sys.executable, "-m", "benchmarks"],
    "generate": [sys.executable, "-P", "-m", "scaffold", "generate"],
    "startservice": [sys.executable, "-P", "-m", "scaffold", "startservice"],
}


def main() -> None:
    """Run the command; print the message of an expected failure without a traceback."""
    unwind_on_signals()
    parser = argparse.ArgumentParser(prog="manage_all.py", epilog=ENVIRONMENT, allow_abbrev=False)
    subparsers = parser.add_subparsers(metavar="COMMAND", dest="command", required=True)
    added = {name: subparsers.add_parser(name, help=text, description=text) for name, text in OWN.items()}
    added["up"].add_argument("--reload", action=argparse.BooleanOptionalAction, default=True, help="reload new code")
    added["logs"].add_argument("service", nargs="?", help="only the lines of this service and its worker")
    added["logs"].add_argument("-f", "--follow", action="store_true", help="follow the log until `up` ends")
    for name, text in PASSING_ON.items():
        subparsers.add_parser(name, help=text, description=text, add_help=name in ("test", "fuzz"))
    options, arguments = parser.parse_known_args(sys.argv[1:] or ["--help"])
    if options.command in OWN and arguments:
        parser.error(f"unrecognized arguments: {' '.join(arguments)}")
    try:
        status = run(options, sys.argv[sys.argv.index(options.command) + 1 :])
        sys.stdout.flush()
        sys.exit(status)
    except (DevtoolsError, PostgresError) as error:
        sys.exit(f"Error: {error.args[0]}")
    except BrokenPipeError:  # as in `status | head`; the flush at exit must not fail again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def run(options: Any, arguments: list[str]) -> int:
    """Run a command; return its exit status."""
    command = options.command
    if command in ("lint", "test", "fuzz"):  # without the settings for `up`
        configuration = Configuration.from_environment({**read_dotenv(), **os.environ})
        arguments = ["tests/test_fuzzing.py", "-s", *arguments] if command == "fuzz" else arguments
        return int(not (lint.lint() if command == "lint" else testing.test(arguments, configuration)))
    if program := PROGRAMS.get(command):
        os.chdir(ROOT)
        os.execvp(program[0], [*program, *arguments])  # noqa: S606 - signals reach the program
    os.environ.update(read_dotenv())
    configuration = Configuration.from_environment(os.environ)
    if command in ("token", "rotate-token-key", "hash-key"):
        program = [sys.executable, "-P", "-m", "issuer", f"--data-dir={configuration.data_dir}", command]
        return subprocess.run([*program, *arguments], cwd=ROOT, check=False).returncode
    if command in PASSING_ON:
        return commands.run_django(configuration, command, arguments)
    if command == "up":
        up.up(configuration, reload=options.reload)
    elif command == "logs":
        commands.logs(configuration, options.service, follow=options.follow)
    else:
        return {"down": commands.down, "demo": commands.demo, "status": commands.status}[command](configuration)
    return 0


def unwind_on_signals() -> None:
    """Turn signals into SystemExit, so that a command stops its processes; ignore further signals meanwhile."""
    numbers = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # under nohup
        numbers.remove(signal.SIGHUP)

    def unwind(number: int, _frame: FrameType | None) -> None:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + number)

    for number in numbers:
        signal.signal(number, unwind)
