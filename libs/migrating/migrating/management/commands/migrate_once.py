"""``manage.py migrate_once``: Django's ``migrate``, by one process at a time."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import connections

from migrating.lock import LockError, connect, migration_lock

WAIT_SECONDS = 600.0


class Command(MigrateCommand):
    """Applies migrations under an advisory lock; concurrent processes wait, and then have no migrations to apply.

    Each replica may run it before it starts. If one is killed, PostgreSQL releases its lock, and the next one applies
    the migration that was rolled back.
    """

    help = "Applies migrations as `migrate` does, by one process at a time; the others wait."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add ``--wait`` to the options of ``migrate``."""
        super().add_arguments(parser)
        words = f"seconds to wait for another process that migrates; by default {WAIT_SECONDS:g}"
        parser.add_argument("--wait", type=float, default=WAIT_SECONDS, metavar="SECONDS", help=words)

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Connect before the system checks, which query the database."""
        connect(connections[options["database"]])
        return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate while holding the lock.

        Raises:
            CommandError: the lock cannot be acquired, or was lost.
        """
        try:
            with migration_lock(connections[options["database"]], wait=options["wait"]) as waited:
                if options["verbosity"] >= 1:
                    self.stdout.write(f"Lock held after {waited:.1f} s.")
                super().handle(*args, **options)
        except LockError as error:
            raise CommandError(str(error)) from error
