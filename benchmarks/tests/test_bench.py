import dataclasses

import pytest

from benchmarks import wrk
from benchmarks.rounds import Measurement
from benchmarks.scenarios import OWN, REFERENCE
from benchmarks.summary import summarise
from benchmarks.table import load_table
from devtools.errors import DevtoolsError

RESPONSES = wrk.Responses(
    requests=100, seconds=1.0, p50=1.0, p99=2.0, longest=3.0, refused=0, broken=0, client_cpu_seconds=0.001
)


def make_measurement(stack, number, rate):
    responses = dataclasses.replace(RESPONSES, requests=rate)
    cpu = dict.fromkeys(("gateway", "user", "order", "postgres", "wrk"), 0.5)
    return Measurement("GET one user", stack, number, wrk.Load(16, 1), responses, cpu)


def test_missing_wrk_is_named_with_the_package_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "")

    with pytest.raises(DevtoolsError, match="apt-get install wrk"):
        wrk.find_wrk()


def test_ratio_is_the_median_of_the_rounds_and_not_the_ratio_of_the_medians():
    rates = [(100, 50), (300, 100), (100, 100)]
    measurements = [
        make_measurement(stack, number, rate)
        for number, round_rates in enumerate(rates, start=1)
        for stack, rate in zip((OWN, REFERENCE), round_rates, strict=True)
    ]

    own, reference = summarise(measurements)

    assert (own.rate, own.lowest, own.highest, own.ratio) == (100, 100, 300, 2.0)
    assert reference.ratio is None


def test_cpu_time_of_the_load_client_is_no_part_of_the_sum():
    (summary,) = summarise([make_measurement(OWN, 1, 100)])

    assert summary.cpu_total == 2.0
    assert "2.00" in load_table([summary])
