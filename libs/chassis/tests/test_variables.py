"""Typed values of environment variables."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from chassis import environment
from chassis.server import server_logging, service_configuration
from chassis.settings import service_settings


def flag():
    return environment.flag("VARIABLE")


def choice():
    return environment.choice("VARIABLE", ("one", "TWO"), default="one")


def count():
    return environment.count("VARIABLE", default=5)


def seconds():
    return environment.seconds("VARIABLE", default=30)


def seconds_or_off():
    return environment.seconds("VARIABLE", default=0, may_be_zero=True)


def statement_timeout():
    return environment.statement_timeout("VARIABLE", default="10s")


@pytest.mark.parametrize(
    ("read", "given", "value"),
    [
        *[(flag, given, True) for given in ("true", "True", "on", "yes", "1", " true ")],
        *[(flag, given, False) for given in ("false", "FALSE", "off", "no", "0")],
        (choice, "one", "one"),
        (choice, "two", "TWO"),
        (count, "1", 1),
        (count, "16", 16),
        (seconds, "2", 2.0),
        (seconds, "0.25", 0.25),
        (seconds_or_off, "0", 0.0),
        (seconds_or_off, "60", 60.0),
        *[(statement_timeout, given, given) for given in ("250ms", "10s", "1.5s", "2min", "500", "0")],
    ],
)
def test_valid_value_is_read(monkeypatch, read, given, value):
    monkeypatch.setenv("VARIABLE", given)

    assert read() == value
    assert type(read()) is type(value)


@pytest.mark.parametrize(
    ("read", "given", "requirement"),
    [
        *[(flag, given, "true or false") for given in ("ture", "2", "none")],
        (choice, "three", "one of one, TWO"),
        *[(count, given, "a whole number of at least 1") for given in ("0", "-1", "1.5", "abc", "9" * 5000)],
        *[
            (seconds, given, "a number of seconds")
            for given in ("0", "-1", "500ms", "5m", "abc", "nan", "inf", "1e12")
        ],
        *[(seconds_or_off, given, "0 or more") for given in ("-1", "31536001", "1,5")],
        *[(statement_timeout, given, "such as 250ms") for given in ("soon", "-1", "10 s", "10S", "30d", "5m")],
    ],
)
def test_invalid_value_is_refused_by_name(monkeypatch, read, given, requirement):
    monkeypatch.setenv("VARIABLE", given)

    with pytest.raises(ImproperlyConfigured, match=rf"^VARIABLE is '{given}'; it must be .*{requirement}"):
        read()


@pytest.mark.parametrize("empty", ["", " "])
@pytest.mark.parametrize(
    ("read", "default"),
    [(flag, False), (choice, "one"), (count, 5), (seconds, 30), (seconds_or_off, 0), (statement_timeout, "10s")],
)
def test_empty_variable_counts_as_unset(monkeypatch, read, default, empty):
    monkeypatch.setenv("VARIABLE", empty)
    with_empty = read()
    monkeypatch.delenv("VARIABLE")

    assert with_empty == read() == default


def test_empty_variables_give_the_default_settings(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "given")
    monkeypatch.setattr("chassis.server.gc.disable", lambda: None)  # it would change the process of the tests
    names = ("ALLOWED_HOSTS", "BIND", "DB_STATEMENT_TIMEOUT", "DEBUG", "LIST_TIMEOUT", "LOG_FORMAT", "LOG_LEVEL")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    defaults = service_settings("one"), service_configuration("one", port=8000)["bind"]
    for name in names:
        monkeypatch.setenv(name, "")

    assert (service_settings("one"), service_configuration("one", port=8000)["bind"]) == defaults


def test_log_level_may_be_lower_case(monkeypatch):
    monkeypatch.setenv("LOG_LEVEL", "debug")

    assert environment.log_level() == "DEBUG"


@pytest.mark.parametrize(
    ("variables", "expected"), [({}, "json"), ({"DEBUG": "true"}, "console"), ({"LOG_FORMAT": "console"}, "console")]
)
def test_lines_of_gunicorn_have_the_format_of_the_application(monkeypatch, variables, expected):
    for name in ("DEBUG", "LOG_FORMAT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"SECRET_KEY": "given"} | variables).items():
        monkeypatch.setenv(name, value)

    formats = [
        each["handlers"]["stderr"]["formatter"] for each in (server_logging("one"), service_settings("one")["LOGGING"])
    ]

    assert formats == [expected, expected]
