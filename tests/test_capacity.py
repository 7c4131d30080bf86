"""The simulation of docs/scale.md agrees with queueing theory and is deterministic."""

import random

import pytest

from benchmarks.capacity import MIX, Model, Shape
from benchmarks.queueing import Acquire, Release, Resource, simulate, use

TIERS = {"client": 0.5, "gateway": 1.0, "user": 1.0, "order": 3.0}
CPU_MS = {kind: TIERS | {"database": 2.0 if kind == "POST order" else 1.0} for kind in MIX}
SHAPE = Shape({"gateway": 4, "user": 4, "order": 8})


def poisson(rate, number, request):
    draw, at = random.Random(1), 0.0
    for _ in range(number):
        at += draw.expovariate(rate)
        yield at, request(draw)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.5), (1, 0.8), (4, 0.8)])
def test_mean_time_is_that_of_erlang_s_formula(servers, load):
    queue = Resource("queue", servers)

    took = simulate(poisson(load * servers, 100_000, lambda draw: use(queue, draw.expovariate(1.0))))

    offered = load * servers
    terms = [1.0]
    for number in range(1, servers + 1):
        terms.append(terms[-1] * offered / number)
    waits = terms[-1] / (1 - load) / (sum(terms[:-1]) + terms[-1] / (1 - load))  # Erlang C
    assert sum(took) / len(took) == pytest.approx(1 + waits / (servers - offered), rel=0.05)


def test_requests_acquire_units_in_the_order_of_their_arrival():
    unit = Resource("unit", 1)

    took = simulate([(0.0, use(unit, 1.0)), (0.1, use(unit, 1.0)), (0.2, use(unit, 1.0))])

    assert took == pytest.approx([1.0, 1.9, 2.8])
    assert (unit.longest_queue, unit.used, unit.busy_seconds) == (2, 0, 3.0)


def test_held_unit_blocks_other_requests_while_its_holder_uses_another_resource():
    thread, other = Resource("thread", 1), Resource("other", 1)

    def holds():
        yield Acquire(thread)
        yield from use(other, 2.0)
        yield Release(thread)

    assert simulate([(0.0, holds()), (0.0, use(thread, 1.0))]) == pytest.approx([2.0, 3.0])


def test_same_seed_gives_the_same_times():
    first, second = (simulate(Model(SHAPE, CPU_MS).arrivals(500.0, 2_000)) for _ in range(2))

    assert first == second
    assert len(first) == 2_000


def test_all_units_are_released_at_the_end_and_more_load_takes_longer():
    models = [Model(SHAPE, CPU_MS) for _ in range(2)]

    calm, busy = (simulate(model.arrivals(rate, 5_000)) for model, rate in zip(models, (200.0, 4_000.0), strict=True))

    assert sorted(calm)[2_500] < sorted(busy)[2_500]
    for model in models:
        groups = (model.tiers, model.threads, model.connections, model.databases)
        assert not [each for group in groups for each in group.values() if each.used]
