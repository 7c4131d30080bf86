import json
import os

import pytest


def test_run_gives_a_command_the_environment_of_its_service(clone):
    status, output = clone.run("run", "order", "environment", ALLOWED_HOSTS="example.org")

    environment = json.loads(output)
    assert status == 0
    assert environment["DATABASE_URL"].endswith("/order_service_db")
    assert environment["USER_SERVICE_URL"] == f"http://127.0.0.1:{clone.ports['user']}"
    assert environment["DATA_DIR"] == str(clone.data_dir)
    assert environment["ALLOWED_HOSTS"] == "example.org"


def test_run_passes_the_commands_exit_status_on(clone):
    assert clone.run("run", "gateway", "fail")[0] == 3


def test_run_refuses_a_project_that_does_not_exist(clone):
    status, output = clone.run("run", "users", "check")

    assert status == 1
    assert "There is no project 'users'; there are user, order, gateway." in output


def test_commands_stop_the_postgres_that_they_started(clone):
    status, output = clone.run("migrate")

    assert status == 0, output
    assert output.count("migrated\n") == 2
    assert clone.processes() == []


def test_commands_use_the_postgres_of_a_running_up(clone):
    clone.start_up()
    clone.ask("user", "/visits", "POST")

    status, output = clone.run("run", "user_project", "environment")

    state = json.loads((clone.data_dir / "up.json").read_text())
    assert status == 0
    assert json.loads(output)["DATABASE_URL"] == state["database_urls"]["user"]


def test_status_is_good_when_everything_runs(clone):
    clone.start_up()

    status, output = clone.run("status")

    assert status == 0, output
    assert output.count("ready\n") == 3
    assert output.count("applied\n") == 2


def test_status_names_what_is_down(clone):
    status, output = clone.run("status")

    assert status == 1
    assert "up is not running" in output
    assert output.count("down\n") == 4


def test_demo_needs_a_running_system(clone):
    status, output = clone.run("demo")

    assert status == 1
    assert "start `python3 manage_all.py up` first" in output


def test_demo_prints_the_password_once(clone):
    clone.start_up()

    first, second = clone.run("demo"), clone.run("demo")

    assert first[0] == second[0] == 0
    assert "user: seeded\norder: seeded\n" in first[1]
    assert "password (shown this once): " in first[1]
    assert "password (shown" not in second[1]
    assert second[1].count("exists already and keeps its password") == 2


def test_secrets_are_readable_by_their_owner_alone(new_clone):
    clone = new_clone
    clone.run("migrate")

    assert (clone.data_dir / "postgres_password").stat().st_mode & 0o777 == 0o600
    assert clone.data_dir.stat().st_mode & 0o066 == 0
    assert (clone.data_dir / "postgres").stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as another user")
def test_root_is_told_which_folder_postgres_cannot_enter(new_clone, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    status, output = new_clone.run("migrate", DATA_DIR=str(closed / "data"))

    assert status == 1
    assert "who cannot enter " in output
    assert "DATA_DIR" in output
    assert not (closed / "data").exists()


def test_a_bad_port_is_refused(clone):
    status, output = clone.run("up", USER_PORT="eighty")

    assert status == 1
    assert "USER_PORT is 'eighty'; it must be a port number" in output


def test_one_port_for_two_services_is_refused(clone):
    status, output = clone.run("up", USER_PORT="7000", ORDER_PORT="7000")

    assert status == 1
    assert "USER_PORT and ORDER_PORT are both 7000" in output
