"""Load, latency and failures of services, computed from snapshots of the shared counts."""

import time

import gevent
import pytest

from portal import monitor
from portal.history import History
from portal.state import sparkline
from portal.traffic import Counts, load, new_failures, read_counts

INFINITY = float("inf")


def counts(at, responses=(), durations=(), failures=()):
    return Counts(at, dict(responses), dict(durations), dict(failures))


def test_load_is_the_difference_of_two_snapshots():
    before = counts(100.0, {("/a", 200): 10.0, ("/b", 200): 5.0}, {("/a", 0.1): 10.0, ("/a", INFINITY): 10.0})
    after = counts(
        110.0,
        {("/a", 200): 25.0, ("/a", 503): 5.0, ("/b", 200): 100.0},
        {("/a", 0.1): 20.0, ("/a", 0.2): 30.0, ("/a", INFINITY): 30.0},
    )

    found = load(before, after, ["/a"])

    assert (found.per_second, found.error_share) == (2.0, 25.0)


@pytest.mark.parametrize(
    ("buckets", "p50", "p99"),
    [
        ({0.1: 100, INFINITY: 100}, 50, 99),  # interpolated from 0
        ({0.1: 50, 0.2: 100, INFINITY: 100}, 100, 198),
        ({0.1: 0, 0.2: 100, INFINITY: 100}, 150, 199),
        ({0.1: 90, INFINITY: 100}, pytest.approx(55.6, abs=0.1), 100),  # beyond the last bound: that bound
    ],
)
def test_quantiles_are_interpolated_as_prometheus_does(buckets, p50, p99):
    after = counts(1.0, {("/a", 200): 100.0}, {("/a", bound): float(n) for bound, n in buckets.items()})

    found = load(counts(0.0), after, ["/a"])

    assert (found.p50, found.p99) == (pytest.approx(p50), pytest.approx(p99))


def test_quantiles_of_several_routes_are_those_of_all_their_requests():
    after = counts(
        1.0,
        {("/a", 200): 90.0, ("/b", 200): 10.0},
        {("/a", 0.1): 90.0, ("/a", INFINITY): 90.0, ("/b", 0.1): 0.0, ("/b", INFINITY): 10.0},
    )

    assert load(counts(0.0), after, ["/a", "/b"]).p99 == 100


def test_without_requests_there_are_no_durations():
    same = counts(1.0, {("/a", 200): 3.0}, {("/a", INFINITY): 3.0})

    assert load(same, same, ["/a"]).p99 is None
    assert load(same, same, ["/a"]).per_second == 0


def test_new_failures_are_those_of_an_upstream_between_two_snapshots():
    before = counts(0.0, failures={("user", "upstream_timeout"): 3.0, ("user", "bad_answer"): 1.0})
    after = counts(
        1.0,
        failures={
            ("user", "upstream_timeout"): 4.0,
            ("user", "bad_answer"): 1.0,
            ("user", "broken_answer"): 7.0,
            ("order", "bad_answer"): 9.0,
        },
    )

    assert list(new_failures(before, after, "user").items()) == [("broken_answer", 7), ("upstream_timeout", 1)]


@pytest.mark.parametrize(
    ("values", "points"),
    [([], ""), ([0], "0.0,23.0"), ([0, 4, 2], "0.0,23.0 60.0,1.0 120.0,12.0"), ([0, 0], "0.0,23.0 120.0,23.0")],
)
def test_sparkline_is_scaled_to_its_highest_value(values, points):
    assert sparkline(values) == points


def test_new_process_loads_the_snapshots_of_an_older_one(monkeypatch, tmp_path):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    older, newer = History(), History()
    older.append(counts(1.5, {("/a", 200): 3.0}, {("/a", INFINITY): 3.0}, {("user", "bad_answer"): 1.0}))

    newer.load()  # nothing is saved yet
    older.save()
    newer.load()

    assert list(newer) == list(older)


def test_five_minutes_are_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    history = History()

    history.extend(counts(float(at)) for at in range(0, 600, 5))

    assert history[-1].at - history[0].at == 300


def test_counts_stay_current_after_the_clock_is_set_back(monkeypatch):
    wall, elapsed = [7200.0], [100.0]
    monkeypatch.setattr(time, "time", lambda: wall[0])
    monkeypatch.setattr(time, "monotonic", lambda: elapsed[0])
    watch = monitor.Monitor()
    monkeypatch.setattr(watch.availability, "check_all", list)
    monkeypatch.setattr(watch.lags, "refresh", list)
    watch.history.append(read_counts())
    watch.refresh()

    wall[0] -= 3600
    elapsed[0] += 5
    now = watch.refresh()

    assert now.at - watch.start_of_window(now).at == 5


def test_failure_to_read_the_counts_is_logged_once(monkeypatch, caplog, capfd):
    def fail():
        raise ValueError("injected")

    monkeypatch.setattr(monitor, "read_counts", fail)
    looking = gevent.spawn(monitor.Monitor().run)
    with gevent.Timeout(10):
        while not caplog.records:
            gevent.sleep(0.02)
    looking.kill()

    (record,) = caplog.records
    assert record.message == "The portal cannot collect the state of the system"
    assert "injected" in caplog.text
    assert "Traceback" not in capfd.readouterr().err
