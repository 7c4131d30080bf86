"""deploy/roll_out.sh, with a `docker` that records its arguments."""

import os
import subprocess

import pytest

from devtools.projects import ROOT

DOCKER = """#!/bin/sh
echo "$*" >> "$RECORD"
case "$*" in
    "compose ps --quiet "*) echo old ;;
    "port old") printf "$PUBLISHED" ;;
esac
"""


@pytest.fixture
def roll_out(tmp_path):
    """Run the script; return its exit status, its errors and the commands of docker."""
    program, record = tmp_path / "docker", tmp_path / "record"
    program.write_text(DOCKER)
    program.chmod(0o755)

    def roll_out(service, published=""):
        environment = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "RECORD": record, "PUBLISHED": published}
        command = [ROOT / "deploy" / "roll_out.sh", service]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr, record.read_text().splitlines()

    return roll_out


def test_new_container_is_started_before_the_old_one_is_stopped(roll_out):
    status, _, commands = roll_out("user")

    up, stop, remove = commands[-3:]
    assert status == 0
    assert up.startswith("compose up ")
    assert up.endswith("--scale user=2 user")
    assert (stop, remove) == ("stop old", "rm old")


def test_service_with_a_published_port_is_refused_before_a_container_is_created(roll_out):
    status, error, commands = roll_out("gateway", published="8081/tcp -> 127.0.0.1:8081\\n")

    assert status == 1
    assert "docker compose up --detach --no-deps --force-recreate --wait gateway" in error
    assert not [command for command in commands if command.startswith(("compose up", "stop", "rm"))]
