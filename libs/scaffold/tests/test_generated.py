import json
import re
import sys
import tomllib
from dataclasses import replace

import pytest
import yaml
from repository import ROOT

from scaffold.descriptions import DescriptionError, read_projects
from scaffold.generated import generate, render, stale
from scaffold.locked import with_members
from scaffold.startservice import start_service

LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def test_committed_files_are_not_stale():
    assert stale(ROOT) == {}


def test_generate_is_idempotent_and_rewrites_a_changed_file(repository):
    file = repository.root / "docker-compose.yml"
    file.write_text("services: {}\n")

    first, second = generate(repository.root), generate(repository.root)

    assert (first, second) == ([file], [])
    assert repository.changed() == set()


def test_check_names_stale_files_and_writes_nothing(repository):
    check = [sys.executable, "-P", "-m", "scaffold", "generate", "--check"]
    fresh = repository.run(*check)
    (repository.root / "docker-compose.yml").write_text("services: {}\n")

    status, output = repository.run(*check)

    assert fresh == (0, "")
    assert status == 1
    assert output.startswith("docker-compose.yml is stale.")
    assert repository.changed() == {"docker-compose.yml"}


def test_check_names_a_new_app_that_builds_would_leave_out(repository):
    app = repository.root / "user_project" / "reviews"
    app.mkdir()
    (app / "__init__.py").touch()

    status, output = repository.run(sys.executable, "-P", "-m", "scaffold", "generate", "--check")

    assert (status, output) == (1, "Error: user_project/pyproject.toml: module-name: add reviews.\n")


def test_a_changed_port_is_changed_everywhere(repository):
    description = repository.root / "user_project" / "service.toml"
    description.write_text(description.read_text().replace("8000", "8765"))

    changed = {path.name: path.read_text() for path in generate(repository.root)}

    assert changed.keys() >= {".env.example", "docker-compose.yml", "network-policy.yaml", "gateway.toml"}
    assert not [name for name, text in changed.items() if ":8000" in text]


def test_variables_of_the_compose_files_are_those_of_the_last_section_of_env_example():
    files = {path.name: text for path, text in render(ROOT).items()}
    section = files[".env.example"].rpartition("# ---")[2]

    listed = re.findall(r"[A-Z]+(?:_[A-Z]+)*(?:_\.\.\.)?", section.partition("\n")[2].partition("TRACING")[0])
    listed += re.findall(r"^([A-Z_]+)=", section, re.MULTILINE)
    read = re.findall(r"\$\{([A-Z_]+)", files["docker-compose.yml"] + files["docker-compose.production.yml"])

    assert {name for name in read if name not in listed and f"{name.partition('_')[0]}_..." not in listed} == set()
    assert {name for name in listed if not name.endswith("...") and name not in read} == set()


def test_files_in_the_deploy_folder_of_a_project_are_included():
    files = {path.name: text for path, text in render(ROOT).items()}

    assert "alert: IdempotencyClaimsLost" in files["alerts.yml"]
    assert "alert: ReplicaEjected" in files["alerts.yml"]
    assert "IDEMPOTENCY_LOCK_SECONDS=30" in files[".env.example"]
    assert "Idempotency keys" in [panel["title"] for panel in json.loads(files["dashboard.json"])["panels"]]


def test_no_empty_variable_is_followed_by_a_comment():
    """Docker compose reads the comment as the value."""
    example = render(ROOT)[ROOT / ".env.example"]

    assert "\nSECRETS_DIR=\n" in example
    assert re.findall(r"^\w+=[ \t]+(?:#.*)?$", example, re.MULTILINE) == []


def test_routes_of_its_own_can_be_added_to_the_gateway(repository):
    own = repository.root / "gateway_project" / "deploy" / "gateway.toml"
    own.write_text('\n[[routes]]\npath = "/old"\nupstream = "user"\n')

    generate(repository.root)

    routes = tomllib.loads((repository.root / "gateway_project" / "gateway.toml").read_text())["routes"]
    assert {"path": "/old", "upstream": "user"} in routes


def test_a_worker_is_a_container_of_the_image_and_the_settings_of_its_service():
    services = yaml.safe_load(render(ROOT)[ROOT / "docker-compose.yml"])["services"]
    worker, service = services["order-worker"], services["order"]

    assert worker["command"] == ["python", "manage.py", "work"]
    assert worker["environment"] == service["environment"] | {
        "WORKER_HEARTBEAT_FILE": "/tmp/worker",
        "EVENTS_BROKER_URL": "${EVENTS_BROKER_URL:-}",
    }
    assert worker["healthcheck"]["test"][-3:] == ["--file", "/tmp/worker", "30"]
    assert worker["networks"] == ["order-user", "order-database"]  # no container connects to it
    same = ("image", "depends_on", "volumes", "read_only", "cap_drop", "security_opt", "mem_limit", "restart", "tmpfs")
    assert {name: worker[name] for name in same} == {name: service[name] for name in same}
    assert "build" not in worker


def test_only_a_service_with_a_worker_gets_its_container(repository):
    description = repository.root / "user_project" / "service.toml"
    description.write_text(description.read_text().replace("worker = true", "worker = false"))

    paths = generate(repository.root)

    changed = {path.name: path.read_text() for path in paths if path.exists()}
    assert changed.keys() > {"docker-compose.yml", "docker-compose.production.yml"}
    assert not [name for name, text in changed.items() if "user-worker" in text]
    assert [path.name for path in paths if not path.exists()] == ["worker.yaml"]


def lint_imports(repository, added):
    """Add a line at the beginning of modules of the events library; return the exit status and output."""
    for module, lines in added.items():
        file = repository.root / "libs" / "events" / "events" / module
        file.write_text(f"{lines}\n{file.read_text()}")
    path = {"PYTHONPATH": str(repository.root / "libs" / "events")}  # instead of what is installed
    status, output = repository.run(sys.executable, "-P", "-c", LINT_IMPORTS, **path)
    return status, " ".join(output.split())


def test_client_of_events_may_import_requests(repository):
    status, output = lint_imports(repository, {"inbox/client.py": "import requests"})

    assert status == 0, output
    assert ", the client of feeds and adapters import requests KEPT" in output


def test_events_may_not_import_everything(repository):
    status, output = lint_imports(repository, {"worker.py": "import requests\nimport speedups\nimport users"})

    assert status == 1
    assert ", the client of feeds and adapters import requests BROKEN" in output
    assert "import neither speedups nor development tools BROKEN" in output
    assert "Libraries and devtools import no project BROKEN" in output


def test_events_of_any_service_have_alerts_and_panels():
    files = {path.name: text for path, text in render(ROOT).items()}

    for name in ("EventsNotRead", "EventsNotApplied", "EventsNotNumbered"):
        assert f"alert: {name}\n" in files["alerts.yml"]
        assert f"alertname: {name}\n" in files["alerts_test.yml"]
        assert f"`{name}`" in (ROOT / "docs" / "operations.md").read_text()
    assert "Events that have not been read" in [
        panel["title"] for panel in json.loads(files["dashboard.json"])["panels"]
    ]


def test_panels_have_unique_numbers_and_positions():
    panels = json.loads(render(ROOT)[ROOT / "deploy/grafana/dashboard.json"])["panels"]

    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}
    assert len(places) == len({panel["id"] for panel in panels}) == len(panels)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "'panels'"),
        ('[[panels]]\ntitle = "Orders"\nunit = "short"\n', "'targets'"),
        ('[[panels]]\ntitle = "Orders"\nunit = "short"\ntargets = ["up"]\n', "indices"),
        ("[[panels]\n", "Expected"),
    ],
)
def test_invalid_panels_are_refused_with_file_and_reason(repository, text, reason):
    repository.root.joinpath("order_project/deploy/panels.toml").write_text(text)

    with pytest.raises(DescriptionError, match=f"order_project/deploy/panels.toml: .*{reason}"):
        render(repository.root)


def test_new_project_is_locked_like_the_template_and_can_be_removed():
    lock, projects = (ROOT / "uv.lock").read_text(), [*read_projects(ROOT).values()]
    new = replace(projects[0], name="trial", calls=())

    locked = with_members(lock, [*projects, new])

    (package,) = (each for each in tomllib.loads(locked)["package"] if each["name"] == "trial-project")
    assert package["source"] == {"editable": "trial_project"}
    assert "requests" not in [dependency["name"] for dependency in package["dependencies"]]
    assert "trial-project" in tomllib.loads(locked)["manifest"]["members"]
    assert with_members(locked, projects) == lock


@pytest.mark.parametrize(
    ("name", "options", "model"), [("billing", {"resource": "invoices"}, "Invoice"), ("accounting", {}, "Accounting")]
)
def test_no_name_of_the_template_is_left(repository, name, options, model):
    new = start_service(repository.root, name, calls=["order"], **options)

    folder = repository.root / f"{name}_project"
    texts = {path: path.read_text() for path in folder.rglob("*") if path.is_file()}
    left = [path for path, text in texts.items() if "widget" in f"{path}{text}".lower()]
    assert left == []
    assert not [path for path, text in texts.items() if "example_" in text or "user" in text.lower()]
    assert f"class {model}(models.Model):" in texts[folder / new.resource / "models.py"]
    assert "def find_order(" in texts[folder / new.resource / "order_client.py"]
