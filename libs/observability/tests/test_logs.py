import json
import logging
import logging.config
import re

import django
import pytest
from django.test import RequestFactory
from opentelemetry import trace

from observability import tracing
from observability.logs import logging_config


@pytest.fixture
def written(capsys, settings):
    """Return a function that logs a message in a format and returns the output."""

    def write(log_format: str, message: str, **extra: object) -> str:
        handler = logging_config("library", log_format)
        handler["handlers"]["stderr"]["stream"] = "ext://sys.stderr"
        logging.config.dictConfig(handler)
        try:
            logging.getLogger("library.tests").info(message, extra=extra)
        finally:
            logging.config.dictConfig(settings.LOGGING)
        return capsys.readouterr().err

    return write


def test_json_line_contains_no_line_breaks(written):
    line = written("json", "odd\nmessage", path='/x"\r\n\u2028')

    assert line.count("\n") == 1
    assert (
        json.loads(line).items()
        >= {"level": "INFO", "message": "odd\nmessage", "path": '/x"\r\n\u2028', "request_id": "-"}.items()
    )


def test_json_line_contains_the_service(written):
    assert json.loads(written("json", "it works"))["service"] == "library"


def test_json_timestamp_is_rfc_3339_in_utc(written):
    timestamp = json.loads(written("json", "it works"))["timestamp"]

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", timestamp)


def test_console_line_has_text_columns(written):
    assert written("console", "it works", status=200) == "INFO    library.tests it works status=200 [-]\n"


def test_console_line_contains_no_line_breaks(written):
    line = written("console", "request", path="/x\r\nINFO    forged")

    assert line == "INFO    library.tests request path='/x\\r\\nINFO    forged' [-]\n"


@pytest.fixture
def span(monkeypatch):
    """Turn tracing on, with a current span."""
    monkeypatch.setattr(tracing, "_is_on", True)
    context = trace.SpanContext(0xABC, 0xDEF, is_remote=False)
    with trace.use_span(trace.NonRecordingSpan(context)):
        yield


def test_json_line_contains_trace_and_span(span, written):
    line = json.loads(written("json", "it works"))

    assert (line["trace_id"], line["span_id"]) == (f"{0xABC:032x}", f"{0xDEF:016x}")


def test_console_line_contains_trace_and_span(span, written):
    line = written("console", "it works")

    assert line == f"INFO    library.tests it works trace_id={0xABC:032x} span_id={0xDEF:016x} [-]\n"


def test_line_without_a_span_has_no_trace(monkeypatch, written):
    monkeypatch.setattr(tracing, "_is_on", True)

    assert "trace_id" not in written("json", "it works")


@pytest.fixture
def log_of_django(capsys, settings):
    """Return a function that logs as Django does after a request, and returns the written lines."""

    def write(log_format, **keywords):
        logging.config.dictConfig(logging_config("library", log_format))
        try:
            request = RequestFactory().get("/users?email=ada@example.com")
            extra = {"request": request, "status_code": 500}
            logging.getLogger("django.request").error("Server Error: %s", request.path, extra=extra, **keywords)
        finally:
            logging.config.dictConfig(settings.LOGGING)
        return capsys.readouterr().err

    return write


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_unexpected_error_is_logged_without_the_query(log_of_django, log_format):
    written = log_of_django(log_format, exc_info=ValueError("wrong"))

    assert "Server Error: /users" in written
    assert "ValueError: wrong" in written
    assert "ada" not in written


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_error_that_a_view_responds_with_is_not_logged(log_of_django, log_format):
    assert log_of_django(log_format) == ""


@pytest.mark.parametrize(
    ("query", "host"),
    [("&".join(f"a{number}=" for number in range(1001)), "testserver"), ("", "evil.example")],
    ids=["too many parameters", "unknown host"],
)
def test_malformed_request_is_only_in_the_access_log(client, capfd, settings, query, host):
    logging.config.dictConfig(settings.LOGGING)  # to write to this test's stderr

    response = client.get(f"/books?{query}", headers={"host": host})

    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert response.status_code == 400
    assert [(line["logger"], line.get("status")) for line in lines] == [("access", 400)]


@pytest.mark.parametrize(("debug", "mails"), [(False, 1), (True, 0)])
def test_unexpected_error_is_mailed_to_the_admins_as_djangos_documentation_shows(settings, mailoutbox, debug, mails):
    settings.DEBUG = debug
    settings.ADMINS = ["ada@example.com" if django.VERSION >= (6,) else ("Ada", "ada@example.com")]
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}  # from Django 6.1 on

    logging.getLogger("django.request").error("Internal Server Error: /users", exc_info=ValueError("no such thing"))

    assert [("no such thing" in mail.body, mail.to) for mail in mailoutbox] == [(True, ["ada@example.com"])] * mails
