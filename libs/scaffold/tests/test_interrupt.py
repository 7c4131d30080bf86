"""An interrupted or failed `startservice` leaves no trace."""

import os
import signal
import subprocess
import sys
import time

import pytest

from scaffold import startservice


@pytest.fixture
def waiting_ruff(tmp_path):
    """A folder for PATH with a `ruff` that creates the file `started` and waits."""
    program = tmp_path / "ruff"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\nexec sleep 60\n")
    program.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_before_the_files_are_generated(repository, waiting_ruff, number):
    environment = repository.environment(PATH=f"{waiting_ruff}{os.pathsep}{os.environ['PATH']}")
    command = [sys.executable, "-P", "-m", "scaffold", "startservice", "trial"]
    with subprocess.Popen(command, cwd=repository.root, env=environment) as process:
        ends_at = time.monotonic() + 30
        while not (waiting_ruff / "started").exists() and process.poll() is None and time.monotonic() < ends_at:
            time.sleep(0.01)
        assert (repository.root / "trial_project").exists()

        process.send_signal(number)

        assert process.wait(30) == 128 + number
    assert repository.changed() == set()


def test_interrupt_while_the_template_is_copied(repository, monkeypatch):
    def interrupt(folder, new):
        raise KeyboardInterrupt

    monkeypatch.setattr(startservice, "_adapt_events", interrupt)

    with pytest.raises(KeyboardInterrupt):
        startservice.start_service(repository.root, "trial")

    assert repository.changed() == set()
