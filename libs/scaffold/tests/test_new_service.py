"""A new service runs, passes all checks and is routed, offline and unedited. It can be removed without a trace."""

import contextlib
import json
import os
import re
import shutil
import string
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from repository import ROOT, Repository

from devservers.folders import temporary_directory
from devservers.ports import find_free_port

GENERATED = {
    ".env.example",
    ".importlinter",
    "deploy/grafana/dashboard.json",
    "deploy/prometheus/alerts.yml",
    "deploy/prometheus/alerts_test.yml",
    "deploy/prometheus/prometheus.yml",
    "docker-compose.production.yml",
    "docker-compose.yml",
    "gateway_project/gateway.toml",
    "uv.lock",
}
OFFLINE_SECONDS = 20
READY_SECONDS = 60
# The tests across services that cover every described service; the whole suite would take twice as long.
ACROSS = ("api_document", "browsable_api", "every_service", "page_security", "portal_pages")
ACROSS_SECONDS = 900


@pytest.fixture(scope="module")
def folder():
    """A folder that PostgreSQL's user can enter, too."""
    with temporary_directory("test-scaffold-") as folder:
        yield folder


@pytest.fixture(scope="module")
def repository(folder):
    if os.environ.get("TEST_NEW_SERVICE") != "1":
        pytest.skip("the tests of a new service take a minute: they need TEST_NEW_SERVICE=1, which .ci/run sets")
    repository = Repository(folder / "a copy")
    assert repository.manage("generate")[0] == 0  # installs
    assert repository.changed() == set()
    return repository


@pytest.fixture(scope="module")
def started(repository):
    """The service trial, which publishes events and consumes those of users; the output and the duration in seconds."""
    began = time.monotonic()
    status, output = repository.manage("startservice", "trial", "--publishes", "--consumes", "user")
    assert status == 0, output
    return output, time.monotonic() - began


def test_only_its_folder_and_generated_files_are_new_or_changed(repository, started):
    output, seconds = started

    changed = {
        path for path in repository.changed() if not path.startswith("deploy/kubernetes/")
    }  # test_kubernetes.py
    assert changed == GENERATED | {"trial_project/"}
    assert seconds < OFFLINE_SECONDS
    assert "python3 manage_all.py test trial" in output
    assert "8081" not in output  # `up` prints the address
    assert repository.manage("generate")[1].endswith("Nothing has changed.\n")


def test_its_tests_pass(repository, started):
    status, output = repository.manage("test", "trial", "-q")

    assert status == 0, output
    assert output.splitlines()[-1].endswith(" passed, 0 failed, 0 skipped")


def test_tests_across_services_pass_with_it(repository, started):
    files = [f"tests/test_{name}.py" for name in ACROSS]

    status, output = repository.manage("test", "system", *files, "-q", seconds=ACROSS_SECONDS)

    assert status == 0, output
    assert " passed, 0 failed, " in output.splitlines()[-1]


def test_called_service_follows_the_contract(repository, started):
    root = repository.root
    contracts = [*root.glob("contracts/user_service.json"), *root.glob("*/contracts/user_service.json")]
    promises = [one for file in contracts for one in json.loads(file.read_text())["interactions"]]

    status, output = repository.manage("test", "user", "-q", "-k", "contract")

    assert status == 0, output
    assert len(contracts) > 1
    assert output.splitlines()[-1].startswith(f"{len(promises)} passed, 0 failed")


@pytest.mark.parametrize(
    ("command", "place"),
    [
        ("ruff check .", "."),
        ("ruff format --check .", "."),
        ("lint-imports", "."),
        ("uv lock --check --offline", "."),
        ("python -P -m scaffold generate --check", "."),
        ("python -P -m manifests check", "."),
        ("python manage.py makemigrations --check --dry-run", "trial_project"),
        ("python manage.py check --fail-level=WARNING", "trial_project"),
        ("python manage.py check --fail-level=WARNING --deploy", "trial_project"),
        ("gunicorn trial_project.wsgi --check-config", "trial_project"),
        ("mypy --config-file=../pyproject.toml .", "trial_project"),
    ],
)
def test_static_checks_pass(repository, started, command, place):
    program, *arguments = command.split()
    django = {
        "SECRET_KEY": string.ascii_letters,
        "HTTPS_ONLY": "true",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    }
    cache = {"MYPY_CACHE_DIR": str(ROOT / ".mypy_cache" / "new"), "DJANGO_SETTINGS_MODULE": "trial_project.settings"}

    status, output = repository.run(
        str(repository.root / ".venv" / "bin" / program), *arguments, folder=place, **django, **cache
    )

    assert status == 0, output


@contextlib.contextmanager
def up(repository, ports):
    """Run the whole system; yield the URL of the gateway."""
    log = Path(f"{repository.root}.log")
    command = [repository.root / ".venv" / "bin" / "python", "manage_all.py", "up", "--no-reload"]
    with log.open("w") as file:
        process = subprocess.Popen(
            command, cwd=repository.root, env=repository.environment(**ports), stdout=file, stderr=file
        )
    try:
        until = time.monotonic() + READY_SECONDS
        while "Stop: Ctrl-C" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.1)
        yield f"http://127.0.0.1:{ports['GATEWAY_PORT']}"
    finally:
        process.terminate()
        process.wait(30)


def fetch(url, body=None, **headers):
    """Return status, content type and body."""
    content = None if body is None else json.dumps(body).encode()
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, content, {"Content-Type": "application/json"} | headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as response:
            return response.status, response.headers["Content-Type"], response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read().decode()


def test_it_is_served_through_the_gateway_and_keeps_what_is_posted(repository, started):
    ports = {f"{name}_PORT": str(find_free_port()) for name in ("GATEWAY", "USER", "ORDER", "TRIAL")}

    with up(repository, ports) as gateway:
        created = fetch(f"{gateway}/trials", {"name": "Mine"})
        missing = fetch(f"{gateway}/trials/0")
        page = fetch(f"{gateway}/trials", Accept="text/html")
        admin = fetch(f"{gateway}/admin/trial/login/")
        style = fetch(f"{gateway}/static/trial/admin/css/base.css")
        document = json.loads(fetch(f"{gateway}/-/openapi.json")[2])
        portal = json.loads(fetch(f"{gateway}/")[2])
        user = fetch(f"{gateway}/users", {"name": "John", "email": "john@example.com"})
        until = time.monotonic() + READY_SECONDS
        metrics_url = f"http://127.0.0.1:{ports['TRIAL_PORT']}/metrics"
        while 'inbox_position{feed="user"} 0.0' in (metrics := fetch(metrics_url))[2]:
            assert time.monotonic() < until, metrics[2]
            time.sleep(0.1)
        status = repository.manage("status", **ports)
        demo = repository.manage("demo", **ports)
    with up(repository, ports) as gateway:
        kept = fetch(f"{gateway}/trials/{json.loads(created[2])['id']}")

    assert created[0] == 201
    assert missing[:2] == (404, "application/problem+json")
    assert [each[0] for each in (page, admin, style, metrics)] == [200] * 4
    assert page[1].startswith("text/html")
    assert {"/trials", "/trials/{id}"} <= document["paths"].keys()
    assert portal["services"]["trial"]["state"] == "up"
    assert f"{gateway}/trials" in portal["links"]["api"]
    assert 'route="^trials/' in metrics[2]
    assert status[0] == 0, status[1]
    assert "trial migrations" in status[1]
    assert re.search(r"trial-worker +running; events of user: caught up", status[1]), status[1]
    assert user[0] == 201
    assert "outbox_unnumbered_events 1.0" in metrics[2]  # no service consumes it
    assert "trial: 3 demo trials created" in demo[1]
    assert (kept[0], kept[2]) == (200, created[2])


def test_it_is_removed_without_a_trace(repository, started):
    shutil.rmtree(repository.root / "trial_project")

    status, output = repository.manage("generate")

    assert status == 0, output
    assert repository.changed() == set()


def test_refusal_is_one_message(repository):
    status, output = repository.manage("startservice", "user")

    assert status == 1
    assert output.splitlines()[-1] == "Error: 'user' is taken; choose another name for the service."
