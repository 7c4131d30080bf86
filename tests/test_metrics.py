"""Metrics are not served on the public port."""

import itertools

import pytest

from devservers.ports import Address, find_free_port
from devtools.projects import PROJECTS, with_database
from tests.api import Client
from tests.system import Service, environment_of, kill_all


def test_metrics_are_not_on_the_public_port(gateway):
    assert gateway.get("/metrics").status_code == 404


# The services alternate between the two worker classes, which they share.
@pytest.mark.parametrize(
    ("name", "speedups"),
    [*zip((project.name for project in with_database()), itertools.cycle(["on", "off"]), strict=False)],
)
def test_services_serve_metrics_on_a_separate_port(name, speedups, database_urls, data_dir, tmp_path):
    address, metrics = (Address("127.0.0.1", find_free_port()) for _ in range(2))
    environment = environment_of(PROJECTS[name], {name: address}, data_dir, database_urls)
    environment |= {"METRICS_BIND": metrics.bind, "SPEEDUPS": speedups}
    service = Service(PROJECTS[name], address, environment, tmp_path / "log")
    path = PROJECTS[name].routing.paths[0]
    service.start()
    try:
        with Client(service.url) as public, Client(metrics.url) as scraping:
            used, hidden = public.get(path), public.get("/metrics")
            shown, refused = scraping.get("/metrics", headers={"Host": "10.0.0.7"}), scraping.get(path)
    finally:
        kill_all([service])

    assert (used.status_code, hidden.status_code) == (200, 404)
    assert (shown.status_code, refused.status_code) == (200, 404)
    assert f'http_requests_total{{method="GET",route="^{path[1:]}' in shown.text
    assert hidden.headers["Content-Type"] == "application/problem+json"
