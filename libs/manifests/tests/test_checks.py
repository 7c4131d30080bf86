"""Every overlay passes, and each seeded fault is found."""

import copy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from manifests import capacity, schemas
from manifests.checks import check, check_rendered
from manifests.rendering import Manifests, RenderingError, render
from scaffold.descriptions import read_projects

ROOT = Path(__file__).parents[3]
OVERLAYS = ROOT / "deploy" / "kubernetes" / "overlays"
COMPONENTS = sorted(folder.name for folder in (OVERLAYS.parent / "components").iterdir())
FAULTS = {}


@pytest.fixture(scope="session")
def production():
    return render(OVERLAYS / "production")


def fault(expected):
    """Register a change of the documents and the finding that it must cause."""

    def register(change):
        FAULTS[change.__name__] = (change, expected)
        return change

    return register


class Changed:
    """The documents of an overlay, for a test to change."""

    def __init__(self, manifests):
        self.documents = copy.deepcopy(list(manifests.documents))

    def find(self, kind, name):
        return next(
            each for each in self.documents if each["kind"] == kind and each["metadata"]["name"].startswith(name)
        )

    def pod(self, name):
        return self.find("Deployment", name)["spec"]["template"]["spec"]

    def app(self, name="user"):
        return self.pod(name)["containers"][0]


@fault("Additional properties are not allowed ('imagePolicy' was unexpected)")
def unknown_field(changed):
    changed.app()["imagePolicy"] = "Always"


@fault("there is no apps/v1beta1 in Kubernetes 1.32")
def wrong_api_version(changed):
    changed.find("Deployment", "user")["apiVersion"] = "apps/v1beta1"


@fault("'three' is not of type 'integer'")
def wrong_type(changed):
    changed.find("Deployment", "user")["spec"]["replicas"] = "three"


@fault("Cluster user-db: spec: Additional properties are not allowed ('instance' was unexpected)")
def unknown_field_of_a_custom_resource(changed):
    changed.find("Cluster", "user-db")["spec"]["instance"] = 3


@fault("there is no postgresql.cnpg.io/v2 in Kubernetes 1.32")
def wrong_version_of_a_custom_resource(changed):
    changed.find("Cluster", "user-db")["apiVersion"] = "postgresql.cnpg.io/v2"


@fault("is not one of ['session', 'transaction']")
def wrong_pool_mode(changed):
    changed.find("Pooler", "user-db-pooler")["spec"]["pgbouncer"]["poolMode"] = "statement"


@fault("user: container app: may gain privileges")
def privileged(changed):
    changed.app()["securityContext"]["privileged"] = True


@fault("user: container migrate: may gain privileges")
def privileges_of_an_init_container(changed):
    del changed.pod("user")["initContainers"][0]["securityContext"]["allowPrivilegeEscalation"]


@fault("user: container app: has capabilities")
def capability(changed):
    changed.app()["securityContext"]["capabilities"]["add"] = ["NET_ADMIN"]


@fault("user: container app: can write to its root file system")
def writable_root(changed):
    changed.app()["securityContext"]["readOnlyRootFilesystem"] = False


@fault("user: container app: can write to /app")
def writable_folder(changed):
    changed.app()["volumeMounts"].append({"name": "tmp", "mountPath": "/app"})


@fault("user: may run as root")
def root(changed):
    changed.pod("user")["securityContext"]["runAsUser"] = 0


@fault("user: container app: may run as root")
def root_container(changed):
    changed.app()["securityContext"]["runAsUser"] = 0


@fault("user: has no seccomp profile")
def no_seccomp(changed):
    del changed.pod("user")["securityContext"]["seccompProfile"]


@fault("user: has a token of the Kubernetes API")
def api_token(changed):
    del changed.pod("user")["automountServiceAccountToken"]


@fault("gateway: gets variables such as GATEWAY_PORT")
def service_links(changed):
    changed.pod("gateway")["enableServiceLinks"] = True


@fault("user: hostNetwork shares a namespace of the node")
def host_network(changed):
    changed.pod("user")["hostNetwork"] = True


@fault("user: volume disk is a hostPath")
def host_path(changed):
    changed.pod("user")["volumes"].append({"name": "disk", "hostPath": {"path": "/"}})


@fault("user: volume tmp has no sizeLimit")
def unlimited_disk(changed):
    changed.pod("user")["volumes"][1]["emptyDir"] = {}


@fault("user: container app: limits have no memory")
def no_limit(changed):
    del changed.app()["resources"]["limits"]["memory"]


@fault("user: container app: requests have no cpu")
def no_request(changed):
    del changed.app()["resources"]["requests"]["cpu"]


@fault("DB_PASSWORD is a secret in the environment")
def secret_in_the_environment(changed):
    changed.app()["env"] = [{"name": "DB_PASSWORD", "value": "x"}]


@fault("user: container app: has no readinessProbe")
def no_readiness(changed):
    del changed.app()["readinessProbe"]


@fault("user-worker: container app: has no livenessProbe")
def no_liveness_of_a_worker(changed):
    del changed.app("user-worker")["livenessProbe"]


@fault("user: container app: liveness and readiness are the same")
def liveness_that_checks_the_database(changed):
    changed.app()["livenessProbe"] = copy.deepcopy(changed.app()["readinessProbe"])


@fault("user: container app: has no preStop sleep")
def no_prestop(changed):
    del changed.app()["lifecycle"]


@fault("user: container app: is killed before it has drained")
def short_grace(changed):
    changed.pod("user")["terminationGracePeriodSeconds"] = 18


@fault("user: has 60 s to end, and its container 15s")
def other_grace_than_compose(changed):
    changed.pod("user")["terminationGracePeriodSeconds"] = 60


@fault("user: a rollout removes replicas")
def unavailable_rollout(changed):
    changed.find("Deployment", "user")["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] = 1


@fault("user: container app: livenessProbe requests port web, which no container has")
def probe_of_no_port(changed):
    changed.app()["livenessProbe"]["httpGet"]["port"] = "web"


@fault("user: container app: readinessProbe requests port 9999")
def probe_of_another_port(changed):
    changed.app()["readinessProbe"]["httpGet"]["port"] = 9999


@fault("Service user: selects nothing")
def service_without_pods(changed):
    changed.find("Service", "user")["spec"]["selector"] = {"app.kubernetes.io/name": "users"}


@fault("Service user: user has no port web")
def service_of_no_port(changed):
    changed.find("Service", "user")["spec"]["ports"][0]["targetPort"] = "web"


@fault("Service user: headless, and port 80 is 8000 in the pod")
def headless_service_with_another_port(changed):
    changed.find("Service", "user")["spec"]["ports"][0]["port"] = 80


@fault("user: secret user-key has no key secret")
def missing_secret_key(changed):
    changed.pod("user")["volumes"][0]["projected"]["sources"][0]["secret"]["items"][0]["key"] = "secret"


@fault("user: secret users has no key secret_key")
def unknown_secret(changed):
    changed.pod("user")["volumes"][0]["projected"]["sources"][0]["secret"]["name"] = "users"


@fault("SECRET_KEY_FILE is /run/secrets/secret_key, which is in no secret")
def secret_of_another_name(changed):
    changed.pod("user")["volumes"][0]["projected"]["sources"][0]["secret"]["items"][0]["path"] = "key"


@fault("user: container app: there is no ConfigMap user-1")
def missing_config(changed):
    changed.app()["envFrom"][0]["configMapRef"]["name"] = "user-1"


@fault("user: container app: there is no volume temporary")
def missing_volume(changed):
    changed.app()["volumeMounts"][1]["name"] = "temporary"


@fault("PodDisruptionBudget user: selects nothing")
def budget_of_nothing(changed):
    changed.find("PodDisruptionBudget", "user")["spec"]["selector"] = {"matchLabels": {"app": "user"}}


@fault("PodMonitor gateway: gateway has no port prometheus")
def monitor_of_no_port(changed):
    changed.find("PodMonitor", "gateway")["spec"]["podMetricsEndpoints"][0]["port"] = "prometheus"


@fault("PodMonitor user: selects nothing")
def monitor_of_nothing(changed):
    changed.find("PodMonitor", "user")["spec"]["selector"]["matchLabels"] = {"app": "user"}


@fault("PodMonitor user: its job is not the name of the pods")
def monitor_with_another_job(changed):
    del changed.find("PodMonitor", "user")["spec"]["jobLabel"]


@fault("PrometheusRule microservices: spec.groups.0.rules.0")
def alert_with_a_wrong_field(changed):
    changed.find("PrometheusRule", "microservices")["spec"]["groups"][0]["rules"][0]["severity"] = "page"


@fault("HorizontalPodAutoscaler user: there is no such deployment")
def scaler_of_nothing(changed):
    changed.find("HorizontalPodAutoscaler", "user")["spec"]["scaleTargetRef"]["name"] = "users"


@fault("HorizontalPodAutoscaler user: the deployment sets replicas")
def scaler_against_replicas(changed):
    changed.find("Deployment", "user")["spec"]["replicas"] = 3


@fault("HTTPRoute gateway: there is no Service gateway with port 80")
def route_to_no_port(changed):
    changed.find("HTTPRoute", "gateway")["spec"]["rules"][0]["backendRefs"][0]["port"] = 80


@fault("HTTPRoute gateway: there is no Gateway door")
def route_of_no_gateway(changed):
    changed.find("HTTPRoute", "gateway")["spec"]["parentRefs"][0]["name"] = "door"


@fault("Pooler user-db-pooler: there is no Cluster users")
def pooler_of_nothing(changed):
    changed.find("Pooler", "user-db-pooler")["spec"]["cluster"]["name"] = "users"


@fault("Cluster user-db: there is no ObjectStore store")
def backup_to_nowhere(changed):
    changed.find("Cluster", "user-db")["spec"]["plugins"][0]["parameters"]["barmanObjectName"] = "store"


@fault("user: container app: DB_HOST is user-database, which is no service")
def unknown_database(changed):
    changed.find("ConfigMap", "user")["data"]["DB_HOST"] = "user-database"


@fault("user: no network policy limits its egress")
def no_default_deny(changed):
    changed.documents.remove(changed.find("NetworkPolicy", "default-deny"))
    changed.documents.remove(changed.find("NetworkPolicy", "dns"))
    for name in ("user", "user-to-db"):
        changed.documents.remove(changed.find("NetworkPolicy", name))


@fault("order cannot reach user:8000")
def policy_that_allows_too_little(changed):
    peers = changed.find("NetworkPolicy", "user")["spec"]["ingress"][0]["from"]
    peers[:] = [peer for peer in peers if peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"] != "order"]


@fault("order cannot reach user:8000")
def policy_with_a_wrong_label(changed):
    changed.find("NetworkPolicy", "order")["spec"]["egress"][0]["to"][0]["podSelector"] = {
        "matchLabels": {"app": "user"}
    }


@fault("gateway can reach user-db:5432, and does not need to")
def policy_that_allows_too_much(changed):
    changed.find("NetworkPolicy", "user-db")["spec"]["ingress"].append(
        {"ports": [{"port": 5432}], "from": [{"podSelector": {}}]}
    )
    changed.find("NetworkPolicy", "gateway")["spec"]["egress"].append({"to": [{"podSelector": {}}]})


@fault("user cannot reach user-db-pooler:5432")
def policy_without_the_pooler(changed):
    changed.find("NetworkPolicy", "user-to-db")["spec"]["egress"][0]["to"].pop(0)
    changed.find("NetworkPolicy", "user-to-db")["spec"]["egress"][0]["to"][0] = {
        "podSelector": {"matchLabels": {"a": "b"}}
    }


@fault("user-db cannot reach user-db:8000")
def policy_without_the_status_of_the_instances(changed):
    changed.find("NetworkPolicy", "user-db")["spec"]["egress"][0]["ports"].pop()


@fault("NetworkPolicy user: allows ingress from anywhere")
def policy_for_anyone(changed):
    changed.find("NetworkPolicy", "user")["spec"]["ingress"].append({"ports": [{"port": 8000}]})


@fault("NetworkPolicy user: allows ingress from 0.0.0.0/0")
def policy_for_addresses(changed):
    changed.find("NetworkPolicy", "user")["spec"]["ingress"][0]["from"].append({"ipBlock": {"cidr": "0.0.0.0/0"}})


@fault("NetworkPolicy entrance: allows ingress from the namespace default")
def policy_for_a_namespace(changed):
    peer = changed.find("NetworkPolicy", "entrance")["spec"]["ingress"][0]["from"][0]
    peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] = "default"


@fault("NetworkPolicy user-metrics: allows ingress from the namespace monitoring on ['5432']")
def metrics_policy_for_another_port(changed):
    changed.find("NetworkPolicy", "user-metrics")["spec"]["ingress"][0]["ports"][0]["port"] = 5432


@fault("NetworkPolicy cloudnative-pg: allows ingress from the namespace monitoring on ['5432']")
def database_for_the_monitoring(changed):
    changed.find("NetworkPolicy", "cloudnative-pg")["spec"]["ingress"][1]["ports"] = [{"port": 5432}]


@fault("NetworkPolicy gateway: allows all egress")
def policy_that_allows_all_egress(changed):
    changed.find("NetworkPolicy", "gateway")["spec"]["egress"].append({})


@fault("order: container app: has no USER_SERVICE_URL")
def variable_that_compose_has(changed):
    del changed.find("ConfigMap", "order")["data"]["USER_SERVICE_URL"]


@fault("order-worker: container app: has no WORKER_HEARTBEAT_FILE")
def variable_of_a_worker_that_compose_has(changed):
    changed.app("order-worker")["env"] = []


@fault("order: container app: DEBUG is no setting of its container")
def variable_that_compose_has_not(changed):
    changed.find("ConfigMap", "order")["data"]["DEBUG"] = "true"


@fault("order: container app: LOG_LEVEL is 'DEBUG', and 'INFO' in its container")
def variable_with_another_value(changed):
    changed.find("ConfigMap", "order")["data"]["LOG_LEVEL"] = "DEBUG"


@fault("AUTH is not the same in all pods")
def identity_of_the_gateway_alone(changed):
    changed.find("ConfigMap", "gateway")["data"]["AUTH"] = "true"


@fault("and microservices-order:latest in its container")
def image_of_another_service(changed):
    changed.app("order")["image"] = changed.app("user")["image"]


@fault("user: container migrate: its command is ['python', 'manage.py', 'migrate']")
def other_command(changed):
    changed.pod("user")["initContainers"][0]["command"] = ["python", "manage.py", "migrate"]


@fault("user: container migrate is missing")
def no_migrations(changed):
    del changed.pod("user")["initContainers"]


@fault("user: container app: its memory is not 384m")
def other_memory(changed):
    changed.app()["resources"]["limits"]["memory"] = "1Gi"


@fault("user: container app: its readiness is not /health/ready")
def other_readiness(changed):
    changed.app()["readinessProbe"]["httpGet"]["path"] = "/health/live"


@fault("its liveness is not")
def other_heartbeat(changed):
    changed.app("user-worker")["livenessProbe"]["exec"]["command"][-2] = "/tmp/heart"


@fault("user-worker: is a container but not a pod")
def no_worker(changed):
    changed.documents.remove(changed.find("Deployment", "user-worker"))


@fault("user: container app: its CPU limit throttles its 4 processes")
def more_processes_than_processors(changed):
    changed.find("ConfigMap", "user")["data"]["WEB_CONCURRENCY"] = "4"


@fault("order: 1214 connections, and its poolers accept 500 each")
def more_replicas_than_connections(changed):
    changed.find("HorizontalPodAutoscaler", "order")["spec"]["maxReplicas"] = 100


@fault("order: poolers may open 180 connections of 100")
def larger_pools_than_the_server(changed):
    changed.find("Pooler", "order-db-pooler")["spec"]["pgbouncer"]["parameters"]["default_pool_size"] = "60"


def test_schemas_of_custom_resources_are_schemas():
    for validator in schemas._custom_validators().values():
        validator.check_schema(validator.schema)


@pytest.mark.parametrize("name", FAULTS)
def test_seeded_fault_is_found(production, name):
    change, expected = FAULTS[name]
    changed = Changed(production)
    change(changed)

    found = [*check_rendered(Manifests(changed.documents), ROOT, is_production=True)]

    assert [finding for finding in found if expected in finding], found


def overlay_of(folder, **content):
    shutil.copytree(OVERLAYS.parent, folder, dirs_exist_ok=True)
    overlay = folder / "overlays" / "trial"
    overlay.mkdir()
    common = {"kind": "Kustomization", "namespace": "trial", "resources": ["../../base"]}
    (overlay / "kustomization.yaml").write_text(yaml.safe_dump(common | content))
    return overlay


@pytest.mark.parametrize("database", ["cloudnative-pg", "external-database"])
@pytest.mark.parametrize("entrance", ["gateway-api", "ingress"])
def test_every_component_can_be_combined(tmp_path, database, entrance):
    others = [
        name
        for name in COMPONENTS
        if "database" not in name and name not in ("cloudnative-pg", "gateway-api", "ingress")
    ]
    components = [f"../../components/{name}" for name in (database, entrance, *others)]

    found = [*check(overlay_of(tmp_path, components=components), ROOT)]

    assert found == []


def test_overlay_that_does_not_render_is_refused_with_the_reason(tmp_path):
    with pytest.raises(RenderingError, match="no such file or directory"):
        render(overlay_of(tmp_path, components=["../../components/nothing"]))


def run_check(folder):
    command = [sys.executable, "-P", "-m", "manifests", "check"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_overlays_have_no_finding():
    passed = run_check(ROOT)

    assert (passed.returncode, passed.stdout) == (0, "No finding.\n")


def test_command_prints_the_findings_and_fails(tmp_path):
    overlay = overlay_of(tmp_path / "deploy" / "kubernetes", components=["../../components/nothing"])
    for other in ("local", "production"):
        shutil.rmtree(overlay.parent / other)

    refused = run_check(tmp_path)

    assert refused.returncode == 1
    assert refused.stdout.startswith("trial: error: ")


def test_all_secrets_of_pods_are_documented(production):
    text = (ROOT / "docs" / "kubernetes.md").read_text()
    used = {
        (source["secret"]["name"], item["key"])
        for pod in production.pods()
        for volume in pod.spec["volumes"]
        for source in volume.get("projected", {}).get("sources", ())
        for item in source["secret"]["items"]
    }

    for name, key in used:
        general = name.replace(name.partition("-")[0], "$name") if name != "service-token" else name
        assert f"kubectl create secret generic {general} " in text
        assert f"--from-literal={key}=" in text
    assert "(134 for ten replicas of the order service)" in text


def test_connections_follow_replicas(production):
    order = read_projects(ROOT)["order"]
    changed = Changed(production)
    changed.find("HorizontalPodAutoscaler", "order")["spec"]["maxReplicas"] = 20

    assert capacity.most_connections(production, order) == 2 * 6 * (10 + 1) + 2 == 134
    assert capacity.most_connections(Manifests(changed.documents), order) == 2 * 6 * (20 + 1) + 2
