"""`up` replaces processes whose code has changed. The tests share a running system, and each changes another file."""

import time

from clone import STAND_IN, worker_of

from devservers.processes import wait_for


def change(clone, path, old, new):
    text = (STAND_IN / path.rpartition("/")[2]).read_text()
    assert old in text
    (clone.root / path).write_text(text.replace(old, new))


def test_changed_code_is_live_without_a_refused_connection_and_its_worker_is_replaced(system):
    up = system.running_up()
    changed = f"changed at {time.time()}"
    old, other = worker_of(up, "user_project"), worker_of(up, "order_project")

    change(system, "user_project/user_project/wsgi.py", 'body = b"ok"', f'body = b"{changed}"')

    assert wait_for(lambda: system.fetch("user", "/") == changed, seconds=10)
    assert wait_for(lambda: {system.fetch("user", "/") for _ in range(20)} == {changed}, seconds=10)
    assert system.fetch("gateway", "/") == "ok"
    assert wait_for(lambda: not old.is_running(), seconds=10)
    assert worker_of(up, "user_project") != old
    assert other.is_running()


def test_code_that_does_not_start_leaves_the_old_one_running(system):
    system.running_up()

    change(system, "gateway_project/gateway_project/wsgi.py", 'body = b"ok"', "body = broken_on_purpose(")

    system.wait_for_log("The new code of the gateway service does not start; the old one keeps running")
    assert system.fetch("gateway", "/health/ready") == "ok"


def test_a_service_whose_folder_is_missing_keeps_running_until_it_is_back(system):
    old = worker_of(system.running_up(), "order_project")
    folder, elsewhere = system.root / "order_project", system.root / "elsewhere"

    folder.rename(elsewhere)
    try:
        system.wait_for_log("order_project is missing.")
        assert system.fetch("order", "/health/ready") == "ok"
    finally:
        elsewhere.rename(folder)

    assert wait_for(lambda: not old.is_running(), seconds=20)
    assert system.fetch("order", "/health/ready") == "ok"


def test_worker_that_does_not_start_leaves_the_old_ones_running(system):
    old = worker_of(system.running_up(), "order_project")

    change(system, "order_project/manage.py", '"work":', '"work":\n    sys.exit(1)')

    system.wait_for_log("The new code of the order service does not start; the old one keeps running")
    assert old.is_running()
    assert system.fetch("order", "/health/ready") == "ok"


def test_a_signal_during_a_replacement_stops_the_new_processes_too(system):
    up = system.running_up()
    hanging = 'signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    print("hanging", flush=True)\n    signal.pause()'

    change(system, "user_project/manage.py", '"work":', f'"work":\n    {hanging}')
    system.wait_for_log("user-worker  | hanging")
    status, output, _ = system.stop(up)

    assert status == 0, output
    assert system.processes() == []


def test_code_is_not_reloaded_with_no_reload(clone):
    up = clone.start_up("--no-reload")

    change(clone, "user_project/user_project/wsgi.py", 'body = b"ok"', 'body = b"changed"')

    time.sleep(2)
    assert clone.fetch("user", "/") == "ok"
    assert "reloading" not in clone.stop(up)[1]
