"""The generated part of deploy/kubernetes; libs/manifests checks its content."""

import shutil
import sys

import pytest
import yaml
from repository import ROOT

from devservers.postgres import INITDB_OPTIONS
from scaffold import compose
from scaffold.descriptions import read_projects
from scaffold.generated import generate, render, stale
from scaffold.startservice import start_service

BASE = ROOT / "deploy" / "kubernetes" / "base"


def config(name, folder=BASE):
    lines = (folder / name / "config.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def test_new_service_is_in_the_base_and_in_every_component_and_is_removed_completely(repository):
    start_service(repository.root, "voucher", calls=["user"], publishes=True)
    generate(repository.root)
    kubernetes = repository.root / "deploy" / "kubernetes"
    made = {path.relative_to(kubernetes).as_posix() for path in kubernetes.rglob("*") if "voucher" in path.as_posix()}
    listed = [path for path in kubernetes.rglob("kustomization.yaml") if "voucher" in path.read_text()]
    called = (kubernetes / "base" / "user" / "network-policy.yaml").read_text()
    checked = repository.run(sys.executable, "-P", "-m", "manifests", "check")

    shutil.rmtree(repository.root / "voucher_project")
    generate(repository.root)

    components = ("autoscaling", "cloudnative-pg", "external-database", "monitoring")
    own = ("config.env", "deployment.yaml", "kustomization.yaml", "network-policy.yaml", "pod-disruption-budget.yaml")
    assert made == {
        "base/voucher",
        *(f"base/voucher/{name}" for name in (*own, "service.yaml", "worker.yaml")),
        *(f"components/{name}/voucher.yaml" for name in components),
        "overlays/production/voucher.env",
    }
    # The base, its folder there, production, and every component that is not of the entrance or the broker.
    assert len(listed) == 1 + 1 + 1 + len([*components, "identity"])
    assert checked == (0, "No finding.\n")
    assert "app.kubernetes.io/name: voucher}" in called
    assert "app.kubernetes.io/name: voucher-worker}" in called
    assert repository.changed() == set()


def test_service_without_worker_or_database_has_no_such_files(repository):
    description = repository.root / "user_project" / "service.toml"
    text = description.read_text().replace('database = "user_service_db"\n', "")
    description.write_text("".join(line for line in text.splitlines(keepends=True) if not line.startswith("worker")))

    removed = {
        path.relative_to(repository.root).as_posix() for path, text in stale(repository.root).items() if not text
    }

    components = {f"deploy/kubernetes/components/{name}/user.yaml" for name in ("cloudnative-pg", "external-database")}
    assert removed == {"deploy/kubernetes/base/user/worker.yaml"} | components


def test_other_files_in_generated_folders_are_kept(repository):
    own = repository.root / "deploy" / "kubernetes" / "overlays" / "production" / "shop.env"
    own.write_text("LOG_LEVEL=DEBUG\n")

    assert generate(repository.root) == []
    assert own.exists()


@pytest.mark.parametrize("name", read_projects(ROOT))
def test_environment_is_that_of_the_container(name):
    services = compose.services(render(ROOT)[ROOT / "docker-compose.yml"])

    assert config(name) == services[name]["environment"]


def test_new_variable_of_the_compose_file_reaches_the_pods():
    text = (ROOT / "docker-compose.yml").read_text().replace("  LOG_LEVEL:", "  NEW: ${NEW:-given}\n  LOG_LEVEL:", 1)

    environment = compose.services(text)["user"]["environment"]

    assert environment["NEW"] == "given"


def test_compose_files_have_their_defaults_and_required_variables_stay():
    first = "services: {a: {image: '${PREFIX:-x}-a:${TAG:-1}', environment: {A: '${A:-}', B: b}, ports: [1]}}"
    second = "services: {a: {environment: {B: '${B:?set it},a'}, ports: !reset [], networks: !override [c]}, d: {}}"

    found = compose.services(first, second)

    assert found["a"]["image"] == "x-a:1"
    assert found["a"]["environment"] == {"A": "", "B": "${B},a"}
    assert (found["a"]["ports"], found["a"]["networks"], found["d"]["environment"]) == (None, ["c"], {})
    assert compose.seconds("40s") == 40


def test_production_changes_what_its_compose_file_changes():
    texts = [(ROOT / name).read_text() for name in ("docker-compose.yml", "docker-compose.production.yml")]
    before, after = compose.services(texts[0]), compose.services(*texts)
    folder = ROOT / "deploy" / "kubernetes" / "overlays" / "production"

    for name in read_projects(ROOT):
        lines = [line for line in (folder / f"{name}.env").read_text().splitlines() if not line.startswith("#")]
        changed = after[name]["environment"].items() - before[name]["environment"].items()
        assert {line.partition("=")[0] for line in lines} == {variable for variable, _ in changed}
        assert not [line for line in lines if "$" in line]


def test_alerts_are_those_of_prometheus():
    files = {path.relative_to(ROOT).as_posix(): text for path, text in render(ROOT).items()}

    rule = yaml.safe_load(files["deploy/kubernetes/components/monitoring/alerts.yaml"])

    assert rule["spec"] == yaml.safe_load(files["deploy/prometheus/alerts.yml"])


@pytest.mark.parametrize("name", [name for name, project in read_projects(ROOT).items() if project.database])
def test_databases_have_the_encoding_and_the_locale_of_development(name):
    file = ROOT / "deploy" / "kubernetes" / "components" / "cloudnative-pg" / f"{name}.yaml"
    cluster = next(each for each in yaml.safe_load_all(file.read_text()) if each["kind"] == "Cluster")
    initdb = cluster["spec"]["bootstrap"]["initdb"]

    options = [f"--encoding={initdb.get('encoding')}", f"--locale-provider={initdb.get('localeProvider')}"]
    options += [f"--builtin-locale={initdb.get('builtinLocale')}", "--locale=C"]  # the default of CloudNativePG

    assert {*options} <= {*INITDB_OPTIONS}


def test_files_are_yaml_without_merge_keys():
    for path, text in render(ROOT).items():
        if "kubernetes" in path.parts and path.suffix == ".yaml":
            assert list(yaml.safe_load_all(text)), path
            assert "<<:" not in text
