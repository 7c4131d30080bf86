import os
import sys
import threading

import pytest

from devservers.processes import spawn, wait_for


@pytest.fixture
def another_thread():
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    yield
    done.set()
    thread.join()


def test_death_signal_is_refused_if_there_are_other_threads(another_thread, tmp_path):
    with pytest.raises(RuntimeError, match="other threads"):
        spawn([sys.executable, "-c", ""], cwd=tmp_path, env=os.environ)


def test_process_without_a_death_signal_starts_despite_other_threads(another_thread, tmp_path):
    process = spawn([sys.executable, "-c", ""], cwd=tmp_path, env=os.environ, death_signal=None)

    with process:
        assert process.wait(timeout=10) == 0


def test_condition_is_checked_again_after_the_timeout(monkeypatch):
    results = iter([False, True])
    monkeypatch.setattr("devservers.processes.time.monotonic", iter([0.0, 100.0]).__next__)

    assert wait_for(lambda: next(results), seconds=5)
