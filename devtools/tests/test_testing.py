"""The test runner, on small suites."""

import contextlib
import re
import signal
from pathlib import Path

import psycopg2
import pytest
from clone import DESCRIBED

from devservers.postgres import PrivatePostgres, running
from devtools.projects import ROOT, TEMPLATE
from devtools.testing import select, suites

PASSING = "def test_passes():\n    pass\n"
FAILING = "def test_fails():\n    raise AssertionError\n"
SKIPPED = "import pytest\n\n@pytest.mark.skip(reason='no such hardware')\ndef test_skipped():\n    pass\n"
UNSTABLE = (
    "from pathlib import Path\n\ndef test_unstable(tmp_path):\n    tried = Path('tried')\n"
    "    was_tried = tried.exists()\n    tried.touch()\n    assert was_tried\n"
)
BROKEN = "import nothing_of_this_name\n"
TEARDOWN = "import pytest\n\n@pytest.fixture\ndef bad():\n    yield\n    1 / 0\n\ndef test_passes(bad):\n    pass\n"
DATABASE = (
    "import os, psycopg2\n\ndef test_database():\n    psycopg2.connect(os.environ['DATABASE_URL']).close()\n"
    "    assert os.environ['DATABASE_URL'].endswith('/user_service_db')\n"
)
LEFT = (
    "import subprocess, tempfile\n\ndef test_left():\n    subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
    "    print('left', tempfile.mkdtemp())\n"
)


@pytest.fixture
def write_suite(new_clone):
    def write(name, text):
        folder = suites()[name].tests.relative_to(ROOT)
        (new_clone.root / folder).mkdir(parents=True, exist_ok=True)
        (new_clone.root / folder / "pytest.ini").write_text("[pytest]\n")
        (new_clone.root / folder / f"test_of_{name}.py").write_text(text)

    return write


def last_line(output):
    return output.rstrip("\n").rpartition("\n")[2]


@pytest.mark.parametrize(
    ("text", "status", "counts"),
    [
        (PASSING, 0, "1 passed, 0 failed, 0 skipped"),
        (PASSING + FAILING, 1, "1 passed, 1 failed, 0 skipped"),
        (PASSING + SKIPPED, 0, "1 passed, 0 failed, 1 skipped"),
        (SKIPPED, 1, "0 passed, 0 failed, 1 skipped"),
        (BROKEN, 1, "0 passed, 1 failed, 0 skipped"),
        (TEARDOWN, 1, "0 passed, 1 failed, 0 skipped"),
        ("", 1, "0 passed, 0 failed, 0 skipped"),
    ],
    ids=["passing", "failing", "skipped", "only skipped", "broken", "teardown", "nothing"],
)
def test_counts_and_exit_status(new_clone, write_suite, text, status, counts):
    write_suite("gateway", text)

    found, output = new_clone.run("test", "gateway")

    assert (found, last_line(output)) == (status, counts), output
    assert re.search(r"^gateway: \d passed, \d failed, \d skipped in \d+ s$", output, flags=re.MULTILINE)


def test_counts_are_summed_and_reasons_of_skips_progress_and_total_time_are_shown(new_clone, write_suite):
    write_suite("gateway", PASSING + SKIPPED)
    write_suite("devtools", FAILING)

    status, output = new_clone.run("test", "gateway", "devtools")

    assert status == 1
    assert "no such hardware" in output
    assert "gateway: started\n" in output
    assert re.search(r"^gateway: 1 passed, 0 failed, 1 skipped in \d+ s$", output, flags=re.MULTILINE)
    assert re.search(r"^Total time: \d+ s\n1 passed, 1 failed, 1 skipped\n\Z", output, flags=re.MULTILINE)


def test_a_test_that_passes_at_a_rerun_is_named(new_clone, write_suite):
    write_suite("gateway", UNSTABLE)
    write_suite("devtools", PASSING)

    status, output = new_clone.run("test", "gateway", "devtools", "-p", "rerunfailures", "--reruns", "1", "-rR")

    assert (status, last_line(output)) == (0, "2 passed, 0 failed, 0 skipped"), output
    assert re.search("^RERUN .*test_unstable", output, flags=re.MULTILINE)


def test_a_selection_may_match_in_one_suite_only(new_clone, write_suite):
    write_suite("gateway", PASSING)
    write_suite("devtools", FAILING)

    status, output = new_clone.run("test", "gateway", "devtools", "-k", "passes")

    assert status == 0, output
    assert last_line(output) == "1 passed, 0 failed, 0 skipped"


def test_a_selection_that_matches_nowhere_fails(new_clone, write_suite):
    write_suite("gateway", PASSING)

    status, output = new_clone.run("test", "gateway", "-k", "nowhere")

    assert status == 1
    assert "no test ran" in output
    assert last_line(output) == "0 passed, 0 failed, 0 skipped"


def test_collecting_runs_no_test_and_does_not_fail(new_clone, write_suite):
    write_suite("gateway", PASSING)

    status, output = new_clone.run("test", "gateway", "--collect-only")

    assert status == 0, output
    assert "1 test collected" in output


@pytest.mark.parametrize(
    ("command", "words"), [("test", "[SUITE...] [PYTEST ARGUMENTS]"), ("fuzz", "[--minutes 60] [--seed N]")]
)
def test_help_runs_no_suite(new_clone, command, words):
    status, output = new_clone.run(command, "--help")

    assert status == 0
    assert words in output
    assert "started" not in output


@pytest.mark.parametrize("path", [["gateway_project/tests"], ["gateway", "tests"]], ids=["root", "suite"])
def test_a_path_from_the_root_or_in_a_suite_selects_tests(new_clone, write_suite, path):
    write_suite("gateway", PASSING + FAILING)

    status, output = new_clone.run("test", *path[:-1], f"{path[-1]}/test_of_gateway.py::test_passes")

    assert status == 0, output
    assert last_line(output) == "1 passed, 0 failed, 0 skipped"


@pytest.mark.parametrize(
    ("arguments", "counts"),
    [
        ([], "1 passed, 1 failed, 0 skipped"),
        (["gateway_project/reviews/tests.py"], "0 passed, 1 failed, 0 skipped"),
    ],
    ids=["all", "path"],
)
def test_tests_module_of_an_app_is_part_of_the_suite(new_clone, write_suite, arguments, counts):
    write_suite("gateway", PASSING)
    app = new_clone.root / "gateway_project" / "reviews"
    app.mkdir()
    (app / "tests.py").write_text(FAILING)

    _, output = new_clone.run("test", "gateway", *arguments)

    assert last_line(output) == counts, output


def test_a_suite_that_is_missing_fails(new_clone, write_suite):
    write_suite("gateway", PASSING)

    assert new_clone.run("test", "gateway", "devtools")[0] == 1


def test_a_database_of_the_users_own_is_left_alone(new_clone, write_suite, prepared_data):
    write_suite("user", DATABASE)
    server = PrivatePostgres(prepared_data)
    with running(server):
        urls = {f"{name.upper()}_DATABASE_URL": server.url(f"{name}_service_db") for name in ("user", "order")}

        status, output = new_clone.run("test", "user", **urls)

        assert status == 0, output
        with contextlib.closing(psycopg2.connect(server.url("postgres"))) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE '%service_db%' ORDER BY 1")
            assert cursor.fetchall() == [("order_service_db",), ("user_service_db",)]


def test_a_signal_ends_pytest_and_the_server(new_clone, write_suite):
    write_suite("user", "import time\n\ndef test_slow():\n    print('began', flush=True)\n    time.sleep(60)\n")
    runner = new_clone.start("test", "user", "-s")
    assert any("began" in line for line in runner.stdout)

    status, _, seconds = new_clone.stop(runner)

    assert status == 128 + signal.SIGTERM
    assert seconds < 10
    assert new_clone.processes() == []


def test_leftover_processes_are_ended_and_temporary_files_are_removed(new_clone, write_suite):
    write_suite("gateway", LEFT)

    status, output = new_clone.run("test", "gateway", "-s")

    assert status == 0, output
    assert new_clone.processes() == []
    (folder,) = re.findall(r"left (\S+)", output)
    assert not Path(folder).exists()


def test_libraries_whose_tests_need_a_database_get_one_and_the_others_none():
    found = {name: bool(suite.databases) for name, suite in suites().items() if suite.folder.parent == ROOT / "libs"}

    assert {name for name, has_database in found.items() if has_database} == {
        *("calls", "chassis", "events", "identity", "lists", "migrating", "observability", "openapi", "problems")
    }
    # The order service tests idempotency.
    assert found.keys() | {"idempotency"} == {folder.name for folder in (ROOT / "libs").iterdir()}


def test_names_end_where_pytests_arguments_begin():
    chosen, everything = select(["user", "order_project", "-k", "gateway"])

    assert [suite.name for suite, _ in chosen] == ["user", "order"]
    assert [arguments[:-1] for _, arguments in chosen] == [["-k", "gateway"]] * 2
    assert not everything


def remove_libraries(clone):
    file = clone.root / "devtools" / "devtools" / "testing.py"
    text, count = re.subn(r"^(USE_DATABASE|LIBRARIES) = \([^=]*?\)$", r"\1 = ()", file.read_text(), flags=re.MULTILINE)
    assert count == 2
    file.write_text(text)


def test_every_suite_runs_on_a_throw_away_database_and_timing_tests_run_after_all_others(new_clone, write_suite):
    remove_libraries(new_clone)
    known = ["system", "devtools", TEMPLATE.name, *DESCRIBED]
    for name in known:
        write_suite(name, PASSING)
    write_suite("user", f"import pytest\n{DATABASE}\n@pytest.mark.timing\n{PASSING}\n{FAILING}")

    status, output = new_clone.run("test")

    started = re.findall(r"^(.*): started$", output, flags=re.MULTILINE)
    assert started[-1] == "user timing"
    assert len(started) == len(known) + 1
    assert status == 1
    assert last_line(output) == f"{len(known) + 1} passed, 1 failed, 0 skipped", output
    assert new_clone.processes() == []
