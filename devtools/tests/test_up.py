import contextlib
import os
import re
import signal
import socket
import time

import psutil
import pytest

from devservers.ports import Address
from devservers.processes import wait_for
from devtools.data_folder import DataFolder, Run
from devtools.projects import PROJECTS
from devtools.up import welcome


def services_of(up):
    return [process for process in psutil.Process(up.pid).children() if "gunicorn" in process.cmdline()]


def worker_of(up, name):
    """Return the worker of a service, once it is there: the services are ready before it."""

    def found():
        children = psutil.Process(up.pid).children()
        return [each for each in children if each.cmdline()[-1:] == ["work"] and name in each.cwd()]

    assert wait_for(found, seconds=10)
    return found()[0]


def kill(processes):
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):  # some end as soon as their parent is gone
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_everything_within_ten_seconds(clone, number):
    up = clone.start_up()
    assert clone.ask("gateway", "/health/ready") == "ok"

    status, output, seconds = clone.stop(up, number)

    assert status == 0, output
    assert seconds < 10
    assert clone.processes() == []
    assert DataFolder(clone.data_dir).holder() is None


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


def test_after_a_kill_the_next_up_recovers_and_the_rows_are_there(clone):
    up = clone.start_up()
    visits = clone.ask("user", "/visits", "POST")
    os.kill(up.pid, signal.SIGKILL)
    up.communicate(timeout=30)

    again = clone.start_up()

    assert clone.ask("user", "/visits") == visits
    assert clone.stop(again)[0] == 0


def test_after_everything_was_killed_the_next_up_recovers_and_the_rows_are_there(clone):
    up = clone.start_up()
    visits = clone.ask("user", "/visits", "POST")
    kill(clone.processes())
    up.communicate(timeout=30)

    again = clone.start_up()

    assert clone.ask("user", "/visits") == visits
    assert clone.stop(again)[0] == 0


def test_workers_that_outlived_a_killed_up_are_ended_by_the_next(clone):
    up = clone.start_up()
    workers = [worker for master in services_of(up) for worker in master.children()]
    assert len(workers) == 3
    for worker in workers:
        worker.suspend()  # so that it cannot notice that its parent is gone
    kill([psutil.Process(up.pid), *services_of(up)])
    up.wait(timeout=10)

    again = clone.start_up()

    assert not any(worker.is_running() for worker in workers)
    assert clone.stop(again)[0] == 0


def test_a_service_that_dies_is_named_and_the_rest_is_stopped(clone):
    up = clone.start_up()
    gunicorn = next(
        process for process in psutil.Process(up.pid).children() if "order_project.wsgi" in process.cmdline()
    )

    gunicorn.kill()
    output, _ = up.communicate(timeout=20)

    assert up.returncode == 1
    assert "order ended: killed by SIGKILL. Its last lines:" in output
    assert "Listening at" in output.partition("Its last lines:")[2]
    assert clone.processes() == []


def test_a_worker_that_dies_is_named_and_the_rest_is_stopped(clone):
    up = clone.start_up()

    worker_of(up, "order_project").kill()
    output, _ = up.communicate(timeout=20)

    assert up.returncode == 1
    assert "order-worker ended: killed by SIGKILL. Its last lines:" in output
    assert clone.processes() == []


def test_a_worker_that_does_not_start_is_named_with_its_last_lines(clone):
    status, output = clone.run("up", BREAK_WORKER="user")

    assert status == 1
    assert "user-worker ended: exit status 1. Its last lines:" in output
    assert "broken on purpose" in output.partition("Its last lines:")[2]


def test_a_worker_knows_the_services_and_has_no_address_of_its_own(clone):
    up = clone.start_up()

    assert any(
        re.fullmatch(rf"order-worker \| Worker ready: \d+ False http://127.0.0.1:{clone.ports['user']}\n", line)
        for line in up.stdout
    )


def test_a_worker_that_outlived_a_killed_up_is_ended_by_the_next(clone):
    up = clone.start_up()
    worker = worker_of(up, "user_project")
    worker.suspend()
    kill([psutil.Process(up.pid)])
    up.wait(timeout=10)

    again = clone.start_up()

    assert not worker.is_running()
    assert clone.stop(again)[0] == 0


def test_postgres_that_dies_is_named_and_the_rest_is_stopped(clone):
    up = clone.start_up()
    server = next(process for process in psutil.Process(up.pid).children() if process.name() == "postgres")

    server.kill()
    output, _ = up.communicate(timeout=20)

    assert up.returncode == 1
    assert "postgres ended: killed by SIGKILL" in output
    assert clone.processes() == []


def test_a_service_that_does_not_start_is_named_with_its_last_lines(clone):
    status, output = clone.run("up", BREAK_AT_START="gateway")

    assert status == 1
    assert "gateway ended: exit status" in output
    assert "broken on purpose" in output.partition("Its last lines:")[2]


def test_a_second_up_is_refused_and_the_first_goes_on(clone):
    first = clone.start_up()

    status, output = clone.run("up")

    assert status == 1
    assert f"`up` is running on {clone.data_dir} (pid {first.pid})." in output
    assert clone.ask("user", "/health/ready") == "ok"


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


def test_a_database_of_the_users_own_that_does_not_answer_is_reported_without_its_password(clone):
    status, output = clone.run("up", USER_DATABASE_URL="postgresql://me:secret@127.0.0.1:1/mine")

    assert status == 1
    assert "The database of USER_DATABASE_URL does not answer" in output
    assert "secret" not in output


def test_logs_are_prefixed_and_plain_where_there_is_no_terminal(clone):
    up = clone.start("up")
    lines = []
    for line in up.stdout:
        lines.append(line)
        if "Stop: Ctrl-C" in line:
            break

    assert "user         | migrated\n" in lines
    assert any(line.startswith("gateway      | ") and "Listening at" in line for line in lines)
    assert not any("\033" in line for line in lines)


def test_a_reader_that_goes_away_does_not_stop_the_system(clone):
    up = clone.start_up()
    up.stdout.close()

    visits = clone.ask("user", "/visits", "POST")

    assert clone.ask("user", "/visits") == visits
    up.send_signal(signal.SIGTERM)
    assert up.wait(timeout=15) == 0


def change_view(clone, name, text):
    file = clone.root / f"{name}_project" / f"{name}_project" / "wsgi.py"
    file.write_text(file.read_text().replace('body = b"ok"', text))


def test_changed_code_is_live_without_a_refused_connection(clone):
    clone.start_up()
    assert clone.ask("user", "/") == "ok"

    change_view(clone, "user", 'body = b"changed"')

    assert wait_for(lambda: clone.ask("user", "/") == "changed", seconds=10)
    assert wait_for(lambda: {clone.ask("user", "/") for _ in range(20)} == {"changed"}, seconds=10)
    assert clone.ask("gateway", "/") == "ok"


def test_changed_code_replaces_the_worker_too(clone):
    up = clone.start_up()
    old, other = worker_of(up, "user_project"), worker_of(up, "order_project")

    change_view(clone, "user", 'body = b"changed"')

    assert wait_for(lambda: not old.is_running(), seconds=10)
    assert worker_of(up, "user_project") != old
    assert other.is_running()


def test_worker_that_does_not_start_leaves_the_old_ones_running(clone):
    up = clone.start_up()
    assert any(line.startswith("user-worker  | Worker ready") for line in up.stdout)
    old = worker_of(up, "user_project")
    file = clone.root / "user_project" / "manage.py"

    file.write_text(file.read_text().replace('"work":', '"work":\n    sys.exit(1)'))

    assert any("does not start; the old one goes on" in line for line in up.stdout)
    assert old.is_running()
    assert clone.ask("user", "/health/ready") == "ok"


def test_a_signal_during_a_replacement_stops_the_new_processes_too(clone):
    up = clone.start_up()
    assert any(line.startswith("user-worker  | Worker ready") for line in up.stdout)
    file = clone.root / "user_project" / "manage.py"
    hanging = 'signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    print("hanging", flush=True)\n    signal.pause()'

    file.write_text(file.read_text().replace('"work":', f'"work":\n    {hanging}'))
    assert any("hanging" in line for line in up.stdout)
    status, output, _ = clone.stop(up)

    assert status == 0, output
    assert clone.processes() == []


def test_code_that_does_not_start_leaves_the_old_one_running(clone):
    up = clone.start_up()

    change_view(clone, "user", "body = broken_on_purpose(")

    assert any("does not start; the old one goes on" in line for line in up.stdout)
    assert clone.ask("user", "/health/ready") == "ok"


def test_code_is_not_reloaded_when_that_is_switched_off(clone):
    up = clone.start_up("--no-reload")

    change_view(clone, "user", 'body = b"changed"')

    time.sleep(2)
    assert clone.ask("user", "/") == "ok"
    assert "reloading" not in clone.stop(up)[1]


def test_the_log_of_the_last_run_is_kept(clone):
    up = clone.start_up()
    clone.stop(up)

    assert "manage       | Stopped.\n" in (clone.data_dir / "up.log").read_text()


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
