"""Django's settings and gunicorn's configuration of a service."""

import pytest

from chassis.server import service_configuration
from chassis.settings import service_settings

DISTINCT = (
    "CSRF_COOKIE_NAME",
    "ROOT_URLCONF",
    "SERVICE_NAME",
    "SESSION_COOKIE_NAME",
    "STATIC_URL",
    "WSGI_APPLICATION",
)


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("BIND", "DEBUG", "HTTPS_ONLY", "LOG_FORMAT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SECRET_KEY", "given")


def test_services_behind_one_host_name_share_no_cookie_and_no_path():
    one, other = service_settings("one"), service_settings("other")

    assert {name for name in one if one[name] != other[name]} == {*DISTINCT, "LOGGING"}
    assert [str(one[name]).replace("one", "other") for name in DISTINCT] == [str(other[name]) for name in DISTINCT]


def test_cookies_and_transport_are_secure_with_https_only(monkeypatch):
    monkeypatch.setenv("HTTPS_ONLY", "true")

    settings = service_settings("one")

    assert settings["SESSION_COOKIE_SECURE"] is settings["CSRF_COOKIE_SECURE"] is True
    assert settings["SECURE_HSTS_SECONDS"] == 31_536_000
    assert settings["SECURE_HSTS_PRELOAD"] is True


def test_log_is_human_readable_in_debug_mode(monkeypatch):
    deployed = service_settings("one")["LOG_FORMAT"]
    monkeypatch.setenv("DEBUG", "true")

    assert (deployed, service_settings("one")["LOG_FORMAT"]) == ("json", "console")


def test_service_listens_on_localhost_by_default(monkeypatch):
    monkeypatch.setattr("chassis.server.gc.disable", lambda: None)  # it would change the process of the tests
    default = service_configuration("one", port=8000)["bind"]
    monkeypatch.setenv("BIND", "0.0.0.0:80")

    bound = service_configuration("one", port=8000)["bind"]
    monkeypatch.setenv("METRICS_BIND", "0.0.0.0:9100")
    with_metrics = service_configuration("one", port=8000)["bind"]

    assert (default, bound, with_metrics) == (["127.0.0.1:8000"], ["0.0.0.0:80"], ["0.0.0.0:80", "0.0.0.0:9100"])
