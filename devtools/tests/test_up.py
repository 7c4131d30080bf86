import contextlib
import os
import re
import signal
import socket

import psutil
import pytest
from clone import worker_of

from devservers.ports import Address
from devservers.processes import wait_for
from devtools.data_folder import DataFolder, Run
from devtools.projects import PROJECTS
from devtools.up import welcome


def services_of(up):
    return [process for process in psutil.Process(up.pid).children() if "gunicorn" in process.cmdline()]


def kill(processes):
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):  # some end with their parent
            process.kill()


def has_ended(process):
    """Return whether a process has ended, even if its exit status was not collected."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_logs_are_prefixed_and_without_colours_outside_a_terminal(system):
    system.running_up()
    lines = system.start_lines

    assert "user         | migrated\n" in lines
    assert any(line.startswith("gateway      | ") and "Listening at" in line for line in lines)
    assert not any("\033" in line for line in lines)


def test_a_worker_gets_the_urls_of_services_and_no_address(system):
    system.running_up()

    assert re.search(
        rf"^order-worker \| Worker ready: \d+ False http://127.0.0.1:{system.ports['user']}$",
        system.log(),
        flags=re.MULTILINE,
    )


def test_services_have_one_address_which_serves_metrics_too(system):
    system.running_up()

    assert {system.fetch(name, "/addresses") for name in ("user", "order", "gateway")} == {"BIND"}


def test_a_second_up_is_refused_and_the_first_keeps_running(system):
    first = system.running_up()

    status, output = system.run("up")

    assert status == 1
    assert f"`up` is running on {system.data_dir} (pid {first.pid})." in output
    assert system.fetch("user", "/health/ready") == "ok"


def test_after_a_kill_the_next_up_recovers_and_the_rows_are_there(system):
    up = system.running_up()
    visits = system.fetch("user", "/visits", "POST")
    os.kill(up.pid, signal.SIGKILL)
    up.communicate(timeout=30)

    system.running_up()

    assert system.fetch("user", "/visits") == visits


def test_after_everything_was_killed_the_next_up_recovers_and_the_rows_are_there(system):
    up = system.running_up()
    visits = system.fetch("user", "/visits", "POST")
    kill(system.processes())
    up.communicate(timeout=30)

    system.running_up()

    assert system.fetch("user", "/visits") == visits


def test_workers_that_outlived_a_killed_up_are_ended_by_the_next(system):
    up = system.running_up()
    workers = [worker for master in services_of(up) for worker in master.children()]
    assert len(workers) == 3
    workers.append(worker_of(up, "user_project"))
    for worker in workers:
        worker.suspend()  # so that it does not end with its parent
    kill([psutil.Process(up.pid), *services_of(up)])
    up.wait(timeout=10)

    system.running_up()

    assert all(has_ended(worker) for worker in workers)


# The first case stops an `up` that has recovered from the kill above.
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_everything_within_ten_seconds_and_the_log_is_kept(system, number):
    up = system.running_up()
    assert system.fetch("gateway", "/health/ready") == "ok"

    status, output, seconds = system.stop(up, number)

    assert status == 0, output
    assert seconds < 10
    assert system.processes() == []
    assert DataFolder(system.data_dir).holder() is None
    assert "manage       | Stopped.\n" in system.log()


@pytest.mark.timing
def test_a_request_that_hangs_does_not_delay_the_end_beyond_ten_seconds(clone):
    up = clone.start_up()
    with socket.create_connection(("127.0.0.1", clone.ports["user"])) as connection:
        connection.sendall(b"GET /hang HTTP/1.1\r\nHost: localhost\r\n\r\n")

        status, output, seconds = clone.stop(up)

    assert status == 0, output
    assert seconds < 10
    assert clone.processes() == []


def test_a_signal_during_the_first_start_stops_what_has_started(new_clone):
    clone = new_clone
    up = clone.start("up")
    assert wait_for((clone.data_dir / "postgres" / "data").exists, seconds=20)

    status, output, _ = clone.stop(up)

    assert status == 0, output
    assert clone.processes() == []


def test_a_service_that_dies_is_named_and_the_rest_is_stopped(system):
    up = system.running_up()
    gunicorn = next(
        process for process in psutil.Process(up.pid).children() if "order_project.wsgi" in process.cmdline()
    )

    gunicorn.kill()
    output, _ = up.communicate(timeout=20)

    assert up.returncode == 1
    assert "order ended: killed by SIGKILL. Its last lines:" in output
    assert "Listening at" in output.partition("Its last lines:")[2]
    assert system.processes() == []


def test_a_worker_that_dies_is_named_and_the_rest_is_stopped(system):
    up = system.running_up()

    worker_of(up, "order_project").kill()
    output, _ = up.communicate(timeout=20)

    assert up.returncode == 1
    assert "order-worker ended: killed by SIGKILL. Its last lines:" in output
    assert system.processes() == []


def test_a_worker_that_does_not_start_is_named_with_its_last_lines(clone):
    status, output = clone.run("up", BREAK_WORKER="user")

    assert status == 1
    assert "user-worker ended: exit status 1. Its last lines:" in output
    assert "broken on purpose" in output.partition("Its last lines:")[2]


def test_postgres_that_dies_is_named_and_the_rest_is_stopped(system):
    up = system.running_up()
    server = next(process for process in psutil.Process(up.pid).children() if process.name() == "postgres")

    server.kill()
    output, _ = up.communicate(timeout=20)

    assert up.returncode == 1
    assert "postgres ended: killed by SIGKILL" in output
    assert system.processes() == []


def test_a_service_that_does_not_start_is_named_with_its_last_lines(clone):
    status, output = clone.run("up", BREAK_AT_START="gateway")

    assert status == 1
    assert "gateway ended: exit status" in output
    assert "broken on purpose" in output.partition("Its last lines:")[2]


def test_every_busy_port_is_reported_with_its_holder_and_its_variable(clone):
    with (
        socket.create_server(("127.0.0.1", clone.ports["user"])),
        socket.create_server(("", clone.ports["order"])),
    ):
        status, output = clone.run("up")

    assert status == 1
    for name in ("user", "order"):
        assert f"Port {clone.ports[name]}, which the {name} service needs, is in use by" in output
        assert f"(pid {os.getpid()})" in output
        assert f"{name.upper()}_PORT=" in output


def test_a_busy_postgres_port_is_reported_with_its_variable(clone):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        status, output = clone.run("up", POSTGRES_PORT=str(port))

    assert status == 1
    assert f"Port {port}, which POSTGRES_PORT names, is in use by" in output


def test_an_unreachable_database_of_the_users_own_is_reported_without_its_password(clone):
    status, output = clone.run("up", USER_DATABASE_URL="postgresql://me:secret@127.0.0.1:1/mine")

    assert status == 1
    assert "The database of USER_DATABASE_URL cannot be reached" in output
    assert "secret" not in output


def test_closed_stdout_does_not_stop_the_system(system):
    up = system.running_up()
    up.stdout.close()

    visits = system.fetch("user", "/visits", "POST")

    assert system.fetch("user", "/visits") == visits
    up.send_signal(signal.SIGTERM)
    assert up.wait(timeout=15) == 0


@pytest.mark.parametrize(
    ("variables", "is_shown"),
    [({}, False), ({"AUTH": "true"}, True), ({"AUTH": "true", "AUTH_JWKS": "https://id.example/keys"}, False)],
    ids=["open", "development issuer", "provider"],
)
def test_welcome_shows_a_token_where_the_development_issuer_signs_it(monkeypatch, variables, is_shown):
    for name in ("AUTH", "AUTH_JWKS"):
        monkeypatch.setenv(name, variables.get(name, ""))
    run = Run(1, "up", addresses={name: Address("127.0.0.1", project.port) for name, project in PROJECTS.items()})

    assert ("manage_all.py token" in welcome(run, seconds=1)) is is_shown
