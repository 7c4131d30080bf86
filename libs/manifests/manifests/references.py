"""References between documents: names, labels, ports, keys."""

from collections.abc import Iterator, Mapping
from typing import Any

from manifests.rendering import Manifests, Pod

# Keys of the secrets that operators create (docs/kubernetes.md).
SECRET_KEYS = {"service-token": {"service_token"}, "backup-store": {"access_key_id", "secret_access_key"}}
SECRET_SUFFIXES = {"-key": {"secret_key"}, "-db-owner": {"username", "password"}}


def findings(manifests: Manifests) -> Iterator[str]:
    """Yield references to missing objects."""
    pods = manifests.pods()
    for pod in pods:
        yield from _of_pod(manifests, pod)
    for name, service in manifests.of_kind("Service").items():
        yield from _of_service(name, service["spec"], pods)
    for name, budget in manifests.of_kind("PodDisruptionBudget").items():
        if not any(selects(budget["spec"]["selector"], pod) for pod in pods):
            yield f"PodDisruptionBudget {name}: selects nothing"
    for name, monitor in manifests.of_kind("PodMonitor").items():
        yield from (f"PodMonitor {name}: {finding}" for finding in _of_monitor(monitor["spec"], pods))
    for name, scaler in manifests.of_kind("HorizontalPodAutoscaler").items():
        target = manifests.of_kind("Deployment").get(scaler["spec"]["scaleTargetRef"]["name"])
        if target is None:
            yield f"HorizontalPodAutoscaler {name}: there is no such deployment"
        elif "replicas" in target["spec"]:
            yield f"HorizontalPodAutoscaler {name}: the deployment sets replicas, which overrides the autoscaler"
    yield from _of_entrance(manifests)
    yield from _of_database(manifests)


def _of_monitor(spec: Mapping[str, Any], pods: list[Pod]) -> Iterator[str]:
    chosen = [pod for pod in pods if selects(spec["selector"], pod)]
    if not chosen:
        yield "selects nothing"
    if spec.get("jobLabel") != "app.kubernetes.io/name":
        yield "its job is not the name of the pods, which the alerts select by"
    for pod in chosen:
        for endpoint in spec["podMetricsEndpoints"]:
            if endpoint["port"] not in port_names(pod):
                yield f"{pod.name} has no port {endpoint['port']}"


def selects(selector: Mapping[str, Any], pod: Pod) -> bool:
    """Return whether a label selector selects a pod."""
    operators = {
        "In": lambda value, values: value in values,
        "NotIn": lambda value, values: value not in values,
        "Exists": lambda value, values: value is not None,
        "DoesNotExist": lambda value, values: value is None,
    }
    expressions = selector.get("matchExpressions", ())
    return selector.get("matchLabels", {}).items() <= pod.labels.items() and all(
        operators[each["operator"]](pod.labels.get(each["key"]), each.get("values", ())) for each in expressions
    )


def port_names(pod: Pod) -> dict[str | int, int]:
    """Return the ports of a pod by their names and numbers."""
    ports = [port for _, container in pod.containers() for port in container.get("ports", ())]
    named = {port["name"]: port["containerPort"] for port in ports if "name" in port}
    return named | {port["containerPort"]: port["containerPort"] for port in ports}


def _of_pod(manifests: Manifests, pod: Pod) -> Iterator[str]:
    volumes = {volume["name"]: volume for volume in pod.spec.get("volumes", ())}
    for name, container in pod.containers():
        for source in container.get("envFrom", ()):
            if source["configMapRef"]["name"] not in manifests.of_kind("ConfigMap"):
                yield f"{name}: there is no ConfigMap {source['configMapRef']['name']}"
        for mount in container.get("volumeMounts", ()):
            if mount["name"] not in volumes:
                yield f"{name}: there is no volume {mount['name']}"
        for probe, port in _probed_ports(container):
            if port not in port_names(pod):
                yield f"{name}: {probe} requests port {port}, which no container has"
        yield from _of_files(name, container, manifests, volumes)
    for volume in volumes.values():
        for source in volume.get("projected", {}).get("sources", ()):
            yield from _of_secret(pod.name, source["secret"])


def _probed_ports(container: Mapping[str, Any]) -> Iterator[tuple[str, str | int]]:
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        for kind in ("httpGet", "tcpSocket"):
            if kind in container.get(probe, {}):
                yield probe, container[probe][kind]["port"]


def _of_secret(name: str, secret: Mapping[str, Any]) -> Iterator[str]:
    known = SECRET_KEYS.get(secret["name"]) or next(
        (keys for suffix, keys in SECRET_SUFFIXES.items() if secret["name"].endswith(suffix)), set()
    )
    for item in secret.get("items", ()):
        if item["key"] not in known:
            yield f"{name}: secret {secret['name']} has no key {item['key']}"


def _of_files(
    name: str, container: Mapping[str, Any], manifests: Manifests, volumes: Mapping[str, Any]
) -> Iterator[str]:
    """Yield variables NAME_FILE whose file is not in a secret."""
    files = {
        f"{mount['mountPath']}/{item['path']}"
        for mount in container.get("volumeMounts", ())
        for source in volumes.get(mount["name"], {}).get("projected", {}).get("sources", ())
        for item in source["secret"].get("items", ())
    }
    for variable, value in environment(container, manifests).items():
        if variable.endswith("_FILE") and value.startswith("/run/secrets/") and value not in files:
            yield f"{name}: {variable} is {value}, which is in no secret"


def environment(container: Mapping[str, Any], manifests: Manifests) -> dict[str, str]:
    """Return the variables that a container gets."""
    found: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        found |= manifests.of_kind("ConfigMap").get(source["configMapRef"]["name"], {}).get("data", {})
    return found | {variable["name"]: variable.get("value", "") for variable in container.get("env", ())}


def _of_service(name: str, spec: Mapping[str, Any], pods: list[Pod]) -> Iterator[str]:
    if spec.get("type") == "ExternalName":
        return
    chosen = [pod for pod in pods if spec.get("selector") and selects({"matchLabels": spec["selector"]}, pod)]
    if not chosen:
        yield f"Service {name}: selects nothing"
    for pod in chosen:
        for port in spec["ports"]:
            if (target := port_names(pod).get(port.get("targetPort", port["port"]))) is None:
                yield f"Service {name}: {pod.name} has no port {port.get('targetPort', port['port'])}"
            elif spec.get("clusterIP") == "None" and target != port["port"]:
                yield f"Service {name}: headless, and port {port['port']} is {target} in the pod"


def _of_entrance(manifests: Manifests) -> Iterator[str]:
    services = manifests.of_kind("Service")
    backends = []
    for name, ingress in manifests.of_kind("Ingress").items():
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                service = path["backend"]["service"]
                port = service["port"]
                backends.append((f"Ingress {name}", service["name"], port.get("name", port.get("number"))))
    for name, route in manifests.of_kind("HTTPRoute").items():
        for parent in route["spec"]["parentRefs"]:
            if parent["name"] not in manifests.of_kind("Gateway"):
                yield f"HTTPRoute {name}: there is no Gateway {parent['name']}"
        for rule in route["spec"]["rules"]:
            backends += [(f"HTTPRoute {name}", each["name"], each["port"]) for each in rule.get("backendRefs", ())]
    for name, service, port in backends:
        ports = services[service]["spec"]["ports"] if service in services else ()
        if port not in [each[key] for each in ports for key in ("name", "port")]:
            yield f"{name}: there is no Service {service} with port {port}"


def _of_database(manifests: Manifests) -> Iterator[str]:
    clusters = manifests.of_kind("Cluster")
    for kind in ("Pooler", "ScheduledBackup"):
        for name, document in manifests.of_kind(kind).items():
            if document["spec"]["cluster"]["name"] not in clusters:
                yield f"{kind} {name}: there is no Cluster {document['spec']['cluster']['name']}"
    for name, cluster in clusters.items():
        for plugin in cluster["spec"].get("plugins", ()):
            if (store := plugin["parameters"]["barmanObjectName"]) not in manifests.of_kind("ObjectStore"):
                yield f"Cluster {name}: there is no ObjectStore {store}"
    hosts = {f"{name}-{role}" for name in clusters for role in ("rw", "ro", "r")}
    hosts |= {*manifests.of_kind("Pooler"), *manifests.of_kind("Service")}
    for pod in manifests.pods():
        for name, container in pod.containers():
            host = environment(container, manifests).get("DB_HOST")
            if host is not None and host not in hosts:
                yield f"{name}: DB_HOST is {host}, which is no service"
