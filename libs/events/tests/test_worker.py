import logging
import os
import signal
import threading
import time

import pytest
from django.db import InternalError, OperationalError

from events.worker import Job, WorkCommand, run_jobs


@pytest.fixture
def run(settings):
    """Run jobs until ``until`` holds; return how often each has run."""
    settings.WORKER_HEARTBEAT_FILE = ""

    def run(until, *jobs):
        stop = threading.Event()

        def watch():
            give_up_at = time.monotonic() + 10
            while not until() and time.monotonic() < give_up_at:
                time.sleep(0.005)
            stop.set()

        watcher = threading.Thread(target=watch)
        watcher.start()
        run_jobs(jobs, stop)
        watcher.join()

    return run


def test_a_job_that_has_more_to_do_runs_again_at_once(run):
    left = [True, True, True, False]
    calls = []

    run(lambda: len(calls) == 4, Job("consume", 60, lambda: calls.append(1) or left.pop(0)))

    assert len(calls) == 4


def test_a_job_that_is_done_waits_until_it_is_due(run):
    slow, quick = [], []

    run(lambda: len(quick) > 5, Job("slow", 60, lambda: slow.append(1)), Job("quick", 0.01, lambda: quick.append(1)))

    assert len(slow) == 1


def test_a_failing_job_is_logged_and_retried_and_others_continue(run, caplog):
    attempts, others = [], []

    def fail():
        attempts.append(1)
        if len(attempts) < 3:
            raise RuntimeError("broken")

    run(lambda: len(attempts) >= 3, Job("fails", 60, fail), Job("other", 0.01, lambda: others.append(1)))

    records = [record for record in caplog.records if record.name == "events.worker"]
    assert [record.getMessage() for record in records] == ["job failed", "job failed"]
    assert all(record.exc_info for record in records)
    assert others


class ReadOnlyError(Exception):
    """As psycopg2 raises it for a write to a standby; its own class cannot be made with a code."""

    pgcode = "25006"


def read_only():
    error = InternalError("cannot execute INSERT in a read-only transaction")
    error.__cause__ = ReadOnlyError()
    return error


@pytest.mark.parametrize("error", [OperationalError("connection refused"), read_only()])
def test_an_outage_of_the_database_is_logged_once_without_a_traceback(run, caplog, error):
    attempts = []

    def fail():
        attempts.append(1)
        raise error

    run(lambda: len(attempts) >= 3, Job("fails", 60, fail))

    (record,) = [record for record in caplog.records if record.name == "events.worker"]
    assert (record.levelno, record.exc_info) == (logging.WARNING, None)


def test_the_worker_touches_its_heartbeat_file(run, settings, tmp_path):
    settings.WORKER_HEARTBEAT_FILE = str(tmp_path / "alive")

    run((tmp_path / "alive").exists, Job("idle", 60, lambda: None))

    assert time.time() - (tmp_path / "alive").stat().st_mtime < 10


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_worker_between_two_jobs(settings, number):
    settings.WORKER_HEARTBEAT_FILE = ""
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    ended = []

    class Command(WorkCommand):
        def jobs(self):
            def work():
                os.kill(os.getpid(), number)
                ended.append("whole")

            return [Job("work", 60, work)]

    try:
        Command().handle()
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)

    assert ended == ["whole"]
