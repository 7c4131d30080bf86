"""System checks and migrations of the test project."""

from django.core.management import call_command


def test_system_checks_pass():
    call_command("check", fail_level="WARNING")


def test_no_migration_is_missing(db):
    call_command("makemigrations", check=True, dry_run=True)
