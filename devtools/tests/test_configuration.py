from pathlib import Path

import pytest

from devservers.ports import Address
from devtools.configuration import Configuration, choose_data_dir, name_of_clone
from devtools.errors import DevtoolsError
from devtools.projects import PROJECTS, ROOT, service_environment, with_database


def test_root_keeps_its_data_below_var_lib(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 0)

    assert choose_data_dir({}) == Path("/var/lib/django-microservices") / name_of_clone(ROOT)


def test_an_ordinary_user_keeps_the_data_beside_the_file(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    assert choose_data_dir({}) == ROOT / ".data"


@pytest.mark.parametrize("user", [0, 1000])
def test_data_dir_overrides_the_default_of_any_user(monkeypatch, user):
    monkeypatch.setattr("os.geteuid", lambda: user)

    assert choose_data_dir({"DATA_DIR": "/srv/data"}) == Path("/srv/data")


def test_two_clones_of_one_name_do_not_share_their_data():
    assert name_of_clone(Path("/a/clone")) != name_of_clone(Path("/b/clone"))


def test_the_documented_ports_are_the_default():
    addresses = Configuration.from_environment({"USER_PORT": ""}).addresses

    ports = {name: address.port for name, address in addresses.items()}
    assert ports.items() >= {"user": 8000, "order": 3000, "gateway": 8081}.items()
    assert {address.host for address in addresses.values()} == {"127.0.0.1"}


def test_the_port_of_a_service_is_not_0():
    assert Configuration.from_environment({"POSTGRES_PORT": "0"}).postgres_port is None
    with pytest.raises(DevtoolsError, match="GATEWAY_PORT is '0'; it must be a port number from 1 to 65535"):
        Configuration.from_environment({"GATEWAY_PORT": "0"})


def test_postgres_is_needed_while_one_database_is_missing():
    every = {project.variable("DATABASE_URL"): "postgresql://localhost/one" for project in with_database()}
    all_but_one = every | {"USER_DATABASE_URL": ""}

    assert Configuration.from_environment(all_but_one).needs_postgres
    assert not Configuration.from_environment(every).needs_postgres


def test_services_reach_one_that_listens_everywhere_on_loopback():
    assert Address("0.0.0.0", 80).url == "http://127.0.0.1:80"
    assert Address("::", 80).url == "http://[::1]:80"


def test_the_gateway_gets_the_urls_of_all_services_and_no_database_url():
    addresses = {name: Address("127.0.0.1", project.port) for name, project in PROJECTS.items()}

    environment = service_environment(
        PROJECTS["gateway"],
        addresses=addresses,
        data_dir=Path("/data"),
        base={"DATABASE_URL": "x", "DEBUG": "1"},
    )

    assert environment == {
        "BIND": "127.0.0.1:8081",
        "DATA_DIR": "/data",
        "DEBUG": "1",
        "EXPOSE_PORTAL": "true",
        "LOG_FORMAT": "console",
        **{project.variable("SERVICE_URL"): f"http://127.0.0.1:{project.port}" for project in with_database()},
    }


def test_an_empty_variable_counts_as_unset():
    base = {"AUTH": "", "EXPOSE_PORTAL": "", "LOG_FORMAT": "", "WEB_CONCURRENCY": ""}

    environment = service_environment(PROJECTS["gateway"], addresses={}, data_dir=Path("/data"), base=base)

    assert environment == {"DATA_DIR": "/data", "EXPOSE_PORTAL": "true", "LOG_FORMAT": "console"}
