"""The environment variable SPEEDUPS."""

import json
import os
import subprocess
import sys

import pytest

CODE = "import json, speedups; print(json.dumps([speedups.ENABLED, speedups.WORKER_CLASS, speedups.DATABASE]))"


def chosen(value):
    environment = {name: text for name, text in os.environ.items() if name != "SPEEDUPS"}
    environment |= {} if value is None else {"SPEEDUPS": value}
    return subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("value", [None, "", "on"])
def test_speedups_are_on_by_default(value):
    assert json.loads(chosen(value).stdout) == [
        True,
        "speedups.worker.SharedPollWorker",
        {"ENGINE": "speedups.postgresql"},
    ]


def test_off_selects_the_stock_classes():
    assert json.loads(chosen("off").stdout) == [False, "gthread", {}]


@pytest.mark.parametrize("value", ["yes", "OFF"])
def test_other_values_are_refused(value):
    assert f"SPEEDUPS must be on or off, not {value!r}" in chosen(value).stderr
