"""The command line."""

import os
import sys
from typing import Any

import click

from devtools.configuration import Configuration
from devtools.demo import demo
from devtools.django_commands import find_project, run_django, split_projects
from devtools.lint import lint
from devtools.lock import lock
from devtools.projects import PROJECTS, with_database
from devtools.signals import unwind_on_signals
from devtools.status import status
from devtools.testing import test
from devtools.up import up

PASS_THROUGH = {"ignore_unknown_options": True, "allow_interspersed_args": False}
ARGUMENTS = click.argument("arguments", nargs=-1, type=click.UNPROCESSED)


def configuration() -> Configuration:
    """Read this process's configuration."""
    return Configuration.from_environment(os.environ)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def cli() -> None:
    """Start, test and administer the gateway, the user service and the order service.

    Environment: GATEWAY_PORT (8081), USER_PORT (8000), ORDER_PORT (3000), BIND_HOST (127.0.0.1), POSTGRES_PORT (any
    free one), DATA_DIR (.data, for root a folder under /var/lib), USER_DATABASE_URL, ORDER_DATABASE_URL,
    WEB_CONCURRENCY.
    """
    unwind_on_signals()


@cli.command("up")
def up_command() -> None:
    """Start everything; Ctrl-C stops it.

    PostgreSQL, both databases, their migrations and the three services under gunicorn.
    """
    up(configuration())


@cli.command("test", context_settings=PASS_THROUGH)
@ARGUMENTS
def test_command(arguments: tuple[str, ...]) -> None:
    """Run all tests, or those that are named.

    Names are user, order, gateway, launcher and system (what crosses services). Everything after the names goes to
    pytest: `test user -k email -x`. Coverage is measured where everything runs.
    """
    sys.exit(0 if test(arguments, configuration()) else 1)


@cli.command("migrate", context_settings=PASS_THROUGH)
@ARGUMENTS
def migrate_command(arguments: tuple[str, ...]) -> None:
    """Apply migrations: [PROJECT] [ARGUMENTS]."""
    run_in_projects("migrate", arguments)


@cli.command("makemigrations", context_settings=PASS_THROUGH)
@ARGUMENTS
def makemigrations_command(arguments: tuple[str, ...]) -> None:
    """Write new migrations: [PROJECT] [ARGUMENTS]."""
    run_in_projects("makemigrations", arguments)


@cli.command("check", context_settings=PASS_THROUGH)
@ARGUMENTS
def check_command(arguments: tuple[str, ...]) -> None:
    """Run Django's system checks: [PROJECT] [ARGUMENTS]."""
    run_in_projects("check", arguments, also_without_database=True)


@cli.command("createsuperuser", context_settings=PASS_THROUGH)
@ARGUMENTS
def createsuperuser_command(arguments: tuple[str, ...]) -> None:
    """Create an administrator: [PROJECT] [ARGUMENTS]."""
    run_in_projects("createsuperuser", arguments)


@cli.command("shell", context_settings=PASS_THROUGH)
@click.argument("project")
@ARGUMENTS
def shell_command(project: str, arguments: tuple[str, ...]) -> None:
    """Open the Django shell of PROJECT."""
    sys.exit(run_django([find_project(project)], ["shell", *arguments], configuration(), with_heading=False))


@cli.command("run", context_settings=PASS_THROUGH)
@click.argument("project")
@click.argument("command")
@ARGUMENTS
def run_command(project: str, command: str, arguments: tuple[str, ...]) -> None:
    """Run any Django COMMAND of PROJECT (user, order, gateway)."""
    sys.exit(run_django([find_project(project)], [command, *arguments], configuration(), with_heading=False))


@cli.command("status")
def status_command() -> None:
    """Show what runs, where, and whether it is well."""
    sys.exit(0 if status(configuration()) else 1)


@cli.command("demo")
def demo_command() -> None:
    """Create demo users and orders, and an administrator."""
    demo(configuration())


@cli.command("lint")
def lint_command() -> None:
    """Run every static check."""
    sys.exit(0 if lint() else 1)


@cli.command("lock", context_settings=PASS_THROUGH)
@ARGUMENTS
def lock_command(arguments: tuple[str, ...]) -> None:
    """Pin the requirements anew; takes uv's --upgrade."""
    lock(arguments)


@cli.command("bench")
@click.option("--against", type=click.Choice(["reference"]), help="Measure this stack in alternation, too.")
@click.option("--rounds", default=7, show_default=True, type=click.IntRange(1, 100))
@click.option("--seconds", default=3, show_default=True, type=click.IntRange(1, 60), help="Of each round.")
@click.option("--connections", default=16, show_default=True, type=click.IntRange(1, 1000))
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Of each service.")
@click.option("--orders", default=100_000, show_default=True, type=click.IntRange(200, 10_000_000))
@click.option("--only", default="", metavar="TEXT", help="Only requests whose name contains TEXT.")
@click.option("--route", default="both", show_default=True, type=click.Choice(["gateway", "direct", "both"]))
@click.option("--name", default="latest", show_default=True, help="Of the files in benchmarks/results/.")
def bench_command(against: str | None, **options: Any) -> None:
    """Measure rates, latencies, CPU time and memory under load (docs/performance.md)."""
    from benchmarks.bench import Options, bench  # needs development packages

    bench(Options(against_reference=against is not None, **options))


def run_in_projects(command: str, arguments: tuple[str, ...], *, also_without_database: bool = False) -> None:
    """Run a Django command in the projects that are named, or in all that it concerns, and exit with its status."""
    choices = list(PROJECTS.values()) if also_without_database else with_database()
    projects, rest = split_projects(arguments, choices)
    sys.exit(run_django(projects, [command, *rest], configuration()))
