import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from devservers.ports import find_free_port
from devtools.data_folder import DataFolder
from devtools.databases import problem_of_database


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


def test_commands_use_the_postgres_of_a_running_up(system):
    system.running_up()
    system.fetch("user", "/visits", "POST")

    status, output = system.run("run", "user_project", "environment")

    assert status == 0
    assert json.loads(output)["DATABASE_URL"] == DataFolder(system.data_dir).holder().database_urls["user"]


def test_status_is_0_when_everything_runs(system):
    system.running_up()

    status, output = system.run("status")

    assert status == 0, output
    assert output.count("ready\n") == 3
    assert output.count("applied\n") == 2
    assert re.findall(r"^ +(\S+-worker) +(.*)$", output, flags=re.MULTILINE) == [
        ("user-worker", "running"),
        ("order-worker", "running"),
    ]


@pytest.mark.parametrize(
    ("lag", "words"),
    [
        ({"lag_events": 0, "lag_seconds": 0.4}, "running; events of user: caught up 0.4 s ago"),
        ({"lag_events": 12, "lag_seconds": 3.0}, "running; events of user: 12 behind"),
        ({"lag_events": 0, "lag_seconds": None}, "running; events of user: not yet read"),
    ],
)
def test_status_shows_the_lag_of_a_worker(system, lag, words):
    system.running_up()
    lag_file = system.data_dir / "lag.json"
    lag_file.write_text(json.dumps(lag))

    status, output = system.run("status")
    lag_file.unlink()

    assert status == 0, output
    assert re.search(rf"^  order-worker +{re.escape(words)}$", output, flags=re.MULTILINE), output


def test_status_names_the_users_own_database(system):
    system.running_up()
    other = DataFolder(system.data_dir).holder().database_urls["order"]

    status, output = system.run("status", USER_DATABASE_URL=f"{other}?connect_timeout=5")

    assert status == 0, output
    assert re.search(r"^  user migrations +order_service_db +applied$", output, flags=re.MULTILINE), output


def test_status_names_a_project_that_was_added_while_up_runs(system):
    system.running_up()
    added = system.root / "late_project"
    added.mkdir()
    for name in ("service.toml", "pyproject.toml"):
        text = (system.root / "user_project" / name).read_text().replace("user", "late")
        (added / name).write_text(text.replace("port = 8000", f"port = {find_free_port()}"))

    status, output = system.run("status")
    refused = system.run("migrate", "late")
    shutil.rmtree(added)

    assert refused == (
        1,
        "late_project: migrate\nError: `up` started before the late project was added; restart it.\n",
    )
    assert status == 1
    assert re.search(r"late migrations .*  unknown: `up` started before the project was added\n", output), output


def test_status_lists_processes_that_are_down(clone):
    status, output = clone.run("status")

    assert status == 1
    assert "up is not running" in output
    assert output.count("down\n") == 6


def test_demo_needs_a_running_system(clone):
    status, output = clone.run("demo")

    assert status == 1
    assert "start `python3 manage_all.py up` first" in output


def test_demo_prints_the_password_once(system):
    system.running_up()

    first, second = system.run("demo"), system.run("demo")

    assert first[0] == second[0] == 0
    assert "user: seeded\norder: seeded\n" in first[1]
    assert "password (shown this once): " in first[1]
    assert "password (shown" not in second[1]
    assert second[1].count("exists already and keeps its password") == 2


@pytest.fixture
def without_administrators(system):
    def remove():
        for name in ("user_project", "order_project"):
            (system.data_dir / name).unlink(missing_ok=True)

    remove()
    yield
    remove()


@pytest.mark.usefixtures("without_administrators")
@pytest.mark.parametrize(("broken", "created"), [("user", "order"), ("order", "user")])
def test_demo_prints_the_password_if_another_administrator_cannot_be_created(system, broken, created):
    system.running_up()

    status, output = system.run("demo", REQUIRES_BIRTH_DATE=f"{broken}_project")

    assert status == 1
    assert re.search(rf"password \(shown this once\): \S+\n  http://\S+/admin/{created}/\nError: ", output), output
    assert f"createsuperuser of the {broken} project failed:\nCommandError: You must use --birth_date" in output
    assert output.endswith("Set it: DJANGO_SUPERUSER_BIRTH_DATE=... python3 manage_all.py demo\n")


@pytest.mark.usefixtures("without_administrators")
def test_demo_passes_required_fields_of_administrators_on(system):
    system.running_up()

    status, output = system.run("demo", REQUIRES_BIRTH_DATE="user_project", DJANGO_SUPERUSER_BIRTH_DATE="2000-01-01")

    assert status == 0, output


def test_secrets_are_readable_by_their_owner_alone(new_clone):
    clone = new_clone
    clone.run("migrate")

    assert (clone.data_dir / "postgres_password").stat().st_mode & 0o777 == 0o600
    assert clone.data_dir.stat().st_mode & 0o066 == 0
    assert (clone.data_dir / "postgres").stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as another user")
def test_root_gets_an_error_if_postgres_cannot_enter_the_folder(new_clone, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    status, output = new_clone.run("migrate", DATA_DIR=str(closed / "data"))

    assert status == 1
    assert f"cannot enter every folder above {closed}" in output
    assert "Choose a DATA_DIR elsewhere" in output
    assert "Traceback" not in output


def test_a_bad_port_is_refused(clone):
    status, output = clone.run("up", USER_PORT="eighty")

    assert status == 1
    assert "USER_PORT is 'eighty'; it must be a port number" in output


def test_one_port_for_two_services_is_refused(clone):
    status, output = clone.run("up", USER_PORT="7000", ORDER_PORT="7000")

    assert status == 1
    assert "USER_PORT and ORDER_PORT are both 7000" in output


def test_logs_follow_until_up_ends(system):
    up = system.running_up()
    logs = system.start("logs", "--follow", "manage_is_no_service")
    assert logs.wait(timeout=10) == 1
    logs = system.start("logs", "--follow")
    assert any("Starting the services" in line for line in logs.stdout)

    system.stop(up)

    output, _ = logs.communicate(timeout=10)
    assert "manage       | Stopping ..." in output
    assert logs.returncode == 0


def test_logs_prints_the_last_run_or_one_service_of_it(system):
    system.ended_up()

    everything, user = system.run("logs")[1], system.run("logs", "user")[1]
    names = {line.partition("|")[0].strip() for line in user.splitlines()}

    assert "gateway      | " in everything
    assert "manage       | Stopped." in everything
    assert user.startswith("user         | ")
    assert names == {"user", "user-worker"}


def test_down_stops_a_running_up(system):
    up = system.running_up()

    status, output = system.run("down")

    assert (status, output) == (0, "Stopped.\n")
    assert up.wait(timeout=5) == 0
    assert system.processes() == []


def test_down_ends_processes_that_a_killed_up_left(system):
    up = system.running_up()
    services = [each for each in psutil.Process(up.pid).children() if "gunicorn" in each.cmdline()]
    for worker in [worker for service in services for worker in service.children()]:
        worker.suspend()  # so that it does not end with its parent
    for process in [up, *services]:
        process.kill()
    up.wait(timeout=10)

    status, output = system.run("down")

    assert status == 0
    assert re.search(r"up is not running on .*; ended \d+ leftover processes\.", output), output
    assert system.processes() == []


def test_down_without_a_running_up(clone):
    assert clone.run("down") == (0, f"up is not running on {clone.data_dir}.\n")


def test_logs_before_the_first_run_fails(new_clone):
    status, output = new_clone.run("logs")

    assert status == 1
    assert "There is no log in" in output


def test_dotenv_is_read_and_the_environment_wins(clone):
    (clone.root / ".env").write_text(
        "# a comment\nALLOWED_HOSTS=shop.example  # of clients\nLOG_LEVEL='DEBUG'\nUSER_PORT=70000\nSPEEDUPS=\n"
    )

    refused = clone.run("run", "user", "environment", USER_PORT="70001")
    status, output = clone.run("run", "user", "environment", LOG_LEVEL="ERROR")

    assert "USER_PORT is '70001'" in refused[1]
    environment = json.loads(output)
    assert status == 0
    assert environment["ALLOWED_HOSTS"] == "shop.example"
    assert environment["LOG_LEVEL"] == "ERROR"
    assert "SPEEDUPS" not in environment


def test_dotenv_that_is_not_utf_8_is_named(clone):
    (clone.root / ".env").write_bytes(b"LOG_LEVEL=\xff\n")

    status, output = clone.run("status")

    assert status == 1
    assert output.startswith(f"Error: {clone.root}/.env cannot be read: ")
    assert "Traceback" not in output


def test_a_data_dir_that_is_a_file_is_refused_in_one_line(new_clone, reachable_folder):
    file = reachable_folder / "a file"
    file.touch()

    for command in (["up"], ["migrate"]):
        status, output = new_clone.run(*command, DATA_DIR=str(file))

        assert (status, output) == (
            1,
            f"Error: The data folder {file} cannot be used: it is not a folder.\n",
        )


def test_a_lock_file_that_cannot_be_opened_is_refused_in_one_line(new_clone):
    new_clone.data_dir.joinpath("lock").mkdir(parents=True)

    for command in ("up", "migrate", "down"):
        assert new_clone.run(command) == (
            1,
            f"Error: The data folder {new_clone.data_dir} cannot be used: Is a directory.\n",
        )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_data_folder_is_refused_in_one_line(new_clone):
    new_clone.data_dir.mkdir()
    new_clone.data_dir.joinpath("lock").symlink_to("/dev/full")

    status, output = new_clone.run("migrate")

    assert status == 1
    assert output == f"Error: The data folder {new_clone.data_dir} cannot be used: No space left on device.\n"


UNREACHABLE, MALFORMED = "postgresql://me:secret@127.0.0.1:1/mine", "postgresql://me:sec#ret@127.0.0.1:1/mine"


def shows_password(text):
    return "sec" in text.replace("seconds", "") or "ret" in text.replace("return", "")


@pytest.mark.parametrize(
    "url",
    [
        *(UNREACHABLE, MALFORMED),
        *("postgresql://me:sec@ret@127.0.0.1:1/mine", "postgresql://me:sec/ret@127.0.0.1:1/mine"),
        "mysql://me:secret@127.0.0.1:1/mine",
    ],
)
def test_the_problem_of_a_database_url_never_shows_its_password(url):
    problem = problem_of_database(url)

    assert problem
    assert not shows_password(problem)


@pytest.mark.parametrize("command", [["up"], ["migrate"], ["status"]], ids=" ".join)
@pytest.mark.parametrize("url", [UNREACHABLE, MALFORMED])
def test_a_command_shows_the_problem_of_a_database_url_without_its_password(clone, command, url):
    status, output = clone.run(*command, USER_DATABASE_URL=url, ORDER_DATABASE_URL=url)

    assert status == 1
    assert problem_of_database(url).splitlines()[0] in output
    assert not shows_password(output)
    assert "Traceback" not in output


@pytest.mark.parametrize("command", ["status", "logs"])
def test_the_reader_of_the_output_may_end_early(new_clone, command):
    new_clone.data_dir.mkdir()
    new_clone.data_dir.joinpath("up.log").write_text("a line\n")
    shell = [*("bash", "-c", '{ sleep 1; "$@"; } | true', "bash"), sys.executable, "-m", "devtools", command]

    printed = subprocess.run(shell, cwd=new_clone.root, env=new_clone.environment(), capture_output=True, check=False)

    assert (printed.stdout, printed.stderr) == (b"", b"")


def test_without_a_command_the_commands_are_listed(clone):
    status, output = clone.run()

    assert status == 0
    for command in ("up", "down", "logs", "status", "demo", "test", "migrate", "shell", "lint", "lock", "bench"):
        assert f"\n    {command}" in output


@pytest.mark.parametrize("arguments", [["run"], ["run", "user"], ["shell"]], ids=" ".join)
def test_a_missing_argument_is_named(clone, arguments):
    status, output = clone.run(*arguments)

    assert status == 1
    assert "needs a project" in output
