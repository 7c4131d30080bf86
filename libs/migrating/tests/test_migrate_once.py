import io
import signal
import time
from contextlib import closing

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, connections

from conftest import finish
from migrating import lock
from migrating.lock import KEY, LockError, migration_lock

ALL = ["0001_initial", "0002_first_entry", "0003_index"]
IN_THE_MIDDLE_SECONDS = 60
pytestmark = pytest.mark.django_db(transaction=True)


def wait_for_file(file):
    give_up_at = time.monotonic() + IN_THE_MIDDLE_SECONDS
    while not file.exists():
        assert time.monotonic() < give_up_at, "the migration does not begin"
        time.sleep(0.02)


@pytest.fixture
def locked():
    """Hold the lock in another session of the test database."""
    settings = connection.settings_dict
    names = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    with closing(psycopg2.connect(**{name: settings[key] for name, key in names.items()})) as other:
        other.cursor().execute("SELECT pg_advisory_lock(%s)", [KEY])
        yield


def test_five_concurrent_processes_migrate_once_and_all_succeed(empty):
    processes = [empty.start() for _ in range(5)]

    outcomes = [finish(process) for process in processes]

    assert [status for status, _ in outcomes] == [0] * 5, outcomes
    for name in ALL:
        assert sum(f"Applying ledger.{name}... OK" in output for _, output in outcomes) == 1
    assert sum("No migrations to apply." in output for _, output in outcomes) == 4
    assert empty.query("SELECT count(*) FROM ledger_entry") == [(1,)]
    assert empty.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'entry_text'::regclass") == [(True,)]


@pytest.mark.parametrize("waits", [False, True], ids=["starts later", "waits for the killed one"])
def test_next_process_completes_the_migrations_of_a_killed_one(empty, tmp_path, waits):
    killed = empty.start(STOP_AT=str(tmp_path / "in the middle"))
    wait_for_file(tmp_path / "in the middle")
    waiting = [empty.start()] if waits else []

    killed.send_signal(signal.SIGKILL)
    finish(killed)
    following = waiting or [empty.start()]
    ((status, output),) = [finish(process) for process in following]

    assert status == 0, output
    assert "Applying ledger.0001_initial" not in output
    assert empty.applied() == ALL
    assert empty.query("SELECT count(*) FROM ledger_entry") == [(1,)]


def test_next_process_completes_the_migrations_after_a_lost_connection(empty, tmp_path):
    cut_off = empty.start(STOP_AT=str(tmp_path / "in the middle"))
    wait_for_file(tmp_path / "in the middle")
    empty.query("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    status, output = finish(empty.start())
    cut_off.kill()
    finish(cut_off)

    assert status == 0, output
    assert empty.applied() == ALL


def test_process_that_starts_before_its_database_waits_for_it(missing):
    process = missing.start()
    first = process.stdout.readline()
    missing.create()
    status, output = finish(process)

    assert "database unavailable to migrations" in first
    assert status == 0, output
    assert missing.applied() == ALL


def test_connection_is_retried_until_the_database_exists(missing, monkeypatch):
    monkeypatch.setattr(lock.time, "sleep", lambda seconds: missing.create())
    new = connections.create_connection("default")
    new.settings_dict = new.settings_dict | {"NAME": missing.name}

    with migration_lock(new, wait=0), new.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        assert cursor.fetchone() == (missing.name,)
    new.close()


def test_missing_database_is_an_error_after_the_timeout(monkeypatch):
    monkeypatch.setattr(lock, "CONNECT_SECONDS", 0.0)
    never = connections.create_connection("default")
    never.settings_dict = never.settings_dict | {"NAME": "never"}

    with pytest.raises(OperationalError, match='database "never" does not exist'), migration_lock(never, wait=0):
        pass


def test_process_fails_if_the_lock_is_held_for_too_long(locked):
    with pytest.raises(CommandError, match=r"Another process has been migrating this database for 0\.1 seconds"):
        call_command("migrate_once", wait=0.1, verbosity=0)


def test_options_of_migrate_are_accepted():
    output = io.StringIO()

    call_command("migrate_once", "--plan", stdout=output)

    assert "Lock held after 0.0 s." in output.getvalue()
    assert "No planned migration operations." in output.getvalue()


def test_lock_is_released_after_success_and_failure():
    call_command("migrate_once", verbosity=0)
    with pytest.raises(CommandError, match="No installed app"):
        call_command("migrate_once", "nothing", verbosity=0)

    with migration_lock(connection, wait=0) as waited:
        assert waited < 1


def test_replaced_connection_is_an_error():
    with pytest.raises(LockError, match="replaced while it held the lock"), migration_lock(connection, wait=0):
        connection.close()


def test_session_of_a_failed_machine_ends_within_a_minute():
    with migration_lock(connection, wait=0), connection.cursor() as cursor:
        cursor.execute("SELECT name, setting::int FROM pg_settings WHERE name LIKE 'tcp_keepalives%'")
        found = dict(cursor.fetchall())

    seconds = found["tcp_keepalives_idle"] + found["tcp_keepalives_interval"] * found["tcp_keepalives_count"]
    assert 0 < seconds <= 60


def test_pooler_is_refused_and_a_direct_connection_is_not(empty, through_pgbouncer):
    refused, output = finish(empty.start(DATABASE_URL=through_pgbouncer))
    accepted, _ = finish(empty.start())

    assert (refused, accepted) == (1, 0)
    assert "CommandError: The connection goes through a pooler" in output
    assert "Set DB_HOST or DATABASE_URL of this command to the server itself." in output
