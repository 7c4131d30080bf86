"""What Prometheus reads adds up, over the worker processes of a service and over their lives."""

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from devservers.processes import wait_for
from tests.api import make_user

USER_ROUTE = "^users/(?P<pk>[0-9]+)/?$"


@pytest.fixture
def user_service(run_system):
    with run_system() as system:
        yield system.user


def requests_counted(client, **labels):
    text = client.get("/metrics").text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "http_requests_total" and labels.items() <= sample.labels.items()
    )


def test_totals_equal_the_requests_sent_over_two_workers_and_a_restart_of_one(user_service):
    with user_service.client() as client:
        user = make_user(client)
        for _ in range(40):  # a connection each, so that both workers get some
            with user_service.client() as one_more:
                one_more.get(f"/users/{user['id']}")
        before = requests_counted(client, route=USER_ROUTE, status="200")

        workers = psutil.Process(user_service.process.pid).children()
        workers[0].terminate()
        assert wait_for(
            lambda: (
                len(psutil.Process(user_service.process.pid).children()) == 2 and not workers[0].is_running()
            ),
            seconds=10,
        )
        for _ in range(20):
            with user_service.client() as one_more:
                one_more.get(f"/users/{user['id']}")
        after = requests_counted(client, route=USER_ROUTE, status="200")

    assert len(workers) == 2
    assert (before, after) == (40, 60)


def test_metrics_are_not_on_the_public_port(gateway):
    assert gateway.get("/metrics").status_code == 404
