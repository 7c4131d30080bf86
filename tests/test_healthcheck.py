"""The health check of containers, deploy/healthcheck.py."""

import os
import subprocess
import sys
import time

import pytest

from devtools.projects import ROOT


def check(*arguments, **variables):
    command = [sys.executable, ROOT / "deploy" / "healthcheck.py", *arguments]
    done = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize(("path", "status"), [("/health/ready", 0), ("/none", 1)])
def test_a_service_is_healthy_if_it_returns_200(system, path, status):
    found, output = check(path, BIND=f"0.0.0.0:{system.user.address.port}")

    assert found == status
    assert output.startswith("200 " if status == 0 else "404 ")


def test_a_service_that_does_not_listen_is_unhealthy():
    assert check("/health/ready", BIND="0.0.0.0:1")[0] == 1


@pytest.mark.parametrize(("age", "status"), [(0, 0), (20, 0), (31, 1)])
def test_a_worker_is_healthy_while_it_touches_its_file(tmp_path, age, status):
    file = tmp_path / "worker"
    file.touch()
    os.utime(file, (time.time() - age,) * 2)

    found, output = check("--file", file, "30")

    assert found == status
    assert "was touched" in output


def test_a_worker_that_has_not_touched_its_file_is_unhealthy(tmp_path):
    found, output = check("--file", tmp_path / "worker", "30")

    assert found == 1
    assert "No such file" in output
