import json

import pytest

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(capsys, settings):
    """Return the only access line of a test."""
    settings.LOG_FORMAT = "json"

    def only():
        (written,) = capsys.readouterr().err.splitlines()
        return json.loads(written)

    return only


def test_response_is_logged_in_one_line_without_the_query(api, line, settings):
    response = api.get(
        "/books?title=ada@example.com", headers={"user-agent": "ada@example.com", "x-request-id": "abc"}
    )

    entry = line()
    expected = {"method": "GET", "path": "/books", "status": 200, "client": "127.0.0.1", "request_id": "abc"}
    assert entry | expected == entry
    assert (entry["logger"], entry["bytes"]) == ("access", len(response.content))
    assert entry["service"] == settings.SERVICE_NAME
    assert entry["milliseconds"] >= 0
    assert "ada@example.com" not in str(entry)
    assert not {"replica", "trace_id", "span_id"} & entry.keys()


def test_refusal_by_middleware_is_logged(api, line, settings):
    settings.SERVICE_TOKENS = ["secret"]

    api.get("/books")

    assert line()["status"] == 401


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_path_cannot_inject_a_log_line(api, capsys, settings, log_format):
    settings.LOG_FORMAT = log_format

    api.get("/nowhere%0A%1B[31mforged")

    (written,) = capsys.readouterr().err.splitlines()
    assert written.isprintable()


def test_the_access_log_can_be_turned_off(api, capsys, settings):
    settings.ACCESS_LOG = False

    api.get("/books")

    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("path", ["/health", "/health/live", "/metrics"])
def test_polled_paths_are_not_logged(api, capsys, path):
    api.get(path)

    assert capsys.readouterr().err == ""
