import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

pytestmark = pytest.mark.django_db


def samples(api):
    text = api.get("/metrics").text
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def requests(api, method, route, status):
    key = ("http_requests_total", ("method", method), ("route", route), ("status", status))
    return samples(api).get(key, 0)


def test_requests_are_counted_by_route(api, make_book):
    route = "^books/(?P<pk>[0-9]+)/?$"
    before = requests(api, "GET", route, "200"), requests(api, "GET", route, "404")

    for _ in range(2):
        api.get(f"/books/{make_book().id}")
    api.get("/books/0")

    assert requests(api, "GET", route, "200") == before[0] + 2
    assert requests(api, "GET", route, "404") == before[1] + 1


def test_unknown_methods_and_paths_create_no_labels(api):
    before = requests(api, "other", "none", "404")

    api.generic("BREW", "/nowhere/1")
    api.generic("STIR", "/nowhere/2")

    assert requests(api, "other", "none", "404") == before + 2


def test_database_time_is_part_of_the_duration(api):
    route = ("route", "^books/?$")
    before = samples(api)

    api.get("/books")

    after = samples(api)
    database, duration = (
        after[key] - before.get(key, 0)
        for key in [
            ("http_request_database_seconds_sum", route),
            ("http_request_duration_seconds_sum", ("method", "GET"), route),
        ]
    )
    assert 0 < database < duration


def test_empty_file_of_a_starting_process_is_ignored(tmp_path, monkeypatch, api):
    (tmp_path / "counter_1.db").touch()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))

    assert api.get("/metrics").status_code == 200


@pytest.mark.parametrize(
    ("bind", "port", "path", "status"),
    [
        ("", "80", "/metrics", 200),
        ("0.0.0.0:9100", "9100", "/metrics", 200),
        ("0.0.0.0:9100", "9100", "/books", 404),
        ("0.0.0.0:9100", "80", "/metrics", 404),
        ("0.0.0.0:9100", "80", "/books", 200),
    ],
)
def test_metrics_may_have_a_separate_port(bind, port, path, status, monkeypatch):
    monkeypatch.setenv("METRICS_BIND", bind)

    assert Client().get(path, SERVER_PORT=port).status_code == status
