import os
import socket
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from chassis import environment


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch):
    for name in (
        "SECRET_KEY",
        "SECRET_KEY_FILE",
        "DATA_DIR",
        "DEBUG",
        "DATABASE_URL",
        "DATABASE_URL_FILE",
        "DB_HOST",
        "DB_PORT",
        "DB_NAME",
        "DB_USER",
        "DB_PASSWORD",
        "DB_PASSWORD_FILE",
        "DB_POOLER",
        "DB_STATEMENT_TIMEOUT",
        "LOG_FORMAT",
        "LOG_LEVEL",
        "TRUSTED_PROXIES",
        "ALLOWED_ORIGINS",
    ):
        monkeypatch.delenv(name, raising=False)


def test_secret_key_of_the_environment_takes_precedence(monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY", "given")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))

    assert environment.secret_key("library") == "given"
    assert not list(tmp_path.iterdir())


def test_secret_key_is_generated_once_and_readable_by_its_owner_only(monkeypatch, tmp_path):
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "new"))

    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(environment.secret_key, ["library"] * 8))

    (path,) = (tmp_path / "new").iterdir()
    assert keys == {path.read_text()}
    assert len(path.read_text()) >= 50
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert environment.secret_key("archive") not in keys


def test_secret_key_is_required_unless_debugging(monkeypatch):
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is required"):
        environment.secret_key("library")

    monkeypatch.setenv("DEBUG", "true")
    assert len(environment.secret_key("library")) >= 50


def test_database_url_takes_precedence_over_its_parts(monkeypatch):
    monkeypatch.setenv("DB_HOST", "elsewhere")
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:p%40ss@db:6543/name?sslmode=require")

    database = environment.database("library_db")

    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db", 6543, "name")
    assert (database["USER"], database["PASSWORD"]) == ("me", "p@ss")
    assert database["OPTIONS"].items() >= {"connect_timeout": 5, "sslmode": "require"}.items()


def test_database_is_configured_by_parts_or_is_on_localhost(monkeypatch):
    default = environment.database("library_db")
    monkeypatch.setenv("DB_HOST", "db")
    monkeypatch.setenv("DB_PORT", "6543")
    parts = environment.database("library_db")

    assert (default["HOST"], default["PORT"], default["NAME"]) == ("localhost", "5432", "library_db")
    assert (parts["HOST"], parts["PORT"], parts["NAME"]) == ("db", "6543", "library_db")


def test_statement_timeout_is_configurable_and_lock_timeout_is_fixed(monkeypatch):
    unlimited = environment.database("library_db")["OPTIONS"]["options"]
    monkeypatch.setenv("DB_STATEMENT_TIMEOUT", "10s")
    limited = environment.database("library_db")["OPTIONS"]["options"]

    assert "statement_timeout=0 " in unlimited
    assert "statement_timeout=10s " in limited
    assert "lock_timeout=3s" in unlimited


def test_server_side_cursors_are_disabled_behind_a_pooler(monkeypatch):
    direct = environment.database("library_db")
    monkeypatch.setenv("DB_POOLER", "true")

    assert not direct["DISABLE_SERVER_SIDE_CURSORS"]
    assert environment.database("library_db")["DISABLE_SERVER_SIDE_CURSORS"]


def test_service_tokens_are_separated_by_commas_and_may_be_in_a_file(monkeypatch, tmp_path):
    assert environment.service_tokens() == []

    monkeypatch.setenv("SERVICE_TOKEN", "new, old,")
    assert environment.service_tokens() == ["new", "old"]

    (tmp_path / "token").write_text("filed\n")
    monkeypatch.setenv("SERVICE_TOKEN_FILE", str(tmp_path / "token"))
    assert environment.service_tokens() == ["filed"]


@pytest.mark.parametrize("token", ["two\nlines", "with space", "gr\u00fcn"])
def test_service_token_that_is_invalid_in_a_header_is_refused(monkeypatch, token):
    monkeypatch.setenv("SERVICE_TOKEN", f"good,{token}")

    with pytest.raises(ImproperlyConfigured, match="SERVICE_TOKEN"):
        environment.service_tokens()


@pytest.mark.filterwarnings("ignore:Engine not recognized")
@pytest.mark.parametrize(
    "url",
    [
        *("sqlite:///db.sqlite3", "mysql://db/name", "foo://db/name", "db", "/name", "postgres//me:secret@db"),
        "postgresql://db:port/name",
    ],
)
def test_other_database_urls_are_refused(monkeypatch, url):
    monkeypatch.setenv("DATABASE_URL", url)

    with pytest.raises(ImproperlyConfigured, match="must be a PostgreSQL URL"):
        environment.database("library_db")


def test_secrets_are_read_from_the_files_that_variables_name(monkeypatch, tmp_path):
    for name, content in {"SECRET_KEY": "kept in a file\n", "DB_PASSWORD": "$ecret p@ss\n"}.items():
        (tmp_path / name).write_text(content)
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
        monkeypatch.setenv(name, "of the environment")

    assert environment.secret_key("library") == "kept in a file"
    assert environment.database("library_db")["PASSWORD"] == "$ecret p@ss"


def test_database_url_may_be_in_a_file(monkeypatch, tmp_path):
    (tmp_path / "url").write_text("postgresql://me:p%40ss@db:6543/name\n")
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "url"))

    database = environment.database("library_db")

    assert (database["HOST"], database["NAME"], database["PASSWORD"]) == ("db", "name", "p@ss")


def test_a_file_that_cannot_be_read_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "missing"))

    with pytest.raises(ImproperlyConfigured, match=r"SECRET_KEY_FILE cannot be read.*missing"):
        environment.secret_key("library")


def test_a_secret_may_begin_with_a_dollar_sign(monkeypatch):
    monkeypatch.setenv("DB_PASSWORD", "$ecret")

    assert environment.database("library_db")["PASSWORD"] == "$ecret"


def test_no_proxy_is_trusted_by_default():
    assert environment.trusted_proxies() == ()


def test_trusted_proxies_are_networks_and_addresses(monkeypatch):
    monkeypatch.setenv("TRUSTED_PROXIES", "10.0.0.0/8,192.0.2.7")

    assert [str(network) for network in environment.trusted_proxies()] == ["10.0.0.0/8", "192.0.2.7/32"]


@pytest.mark.parametrize("wrong", ["gateway", "10.0.0.1/8", "10.0.0.0/33"])
def test_invalid_trusted_proxy_is_refused(monkeypatch, wrong):
    monkeypatch.setenv("TRUSTED_PROXIES", wrong)

    with pytest.raises(ImproperlyConfigured, match="TRUSTED_PROXIES: .*" + wrong):
        environment.trusted_proxies()


@pytest.mark.django_db
def test_connection_to_a_lost_host_fails_after_15_seconds():
    options = environment.database("library_db")["OPTIONS"]
    parts = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    address = {name: connection.settings_dict[key] for name, key in parts.items()}

    with (
        closing(psycopg2.connect(**address | options)) as opened,
        socket.socket(fileno=os.dup(opened.fileno())) as tcp,
    ):
        names = ("TCP_USER_TIMEOUT", "TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT")
        values = [tcp.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in names]

    assert values == [15_000, 5, 2, 5]
