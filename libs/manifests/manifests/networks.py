"""Evaluates network policies: pods must be able to connect to the pods that they need, and to no others."""

from collections.abc import Iterator, Mapping
from typing import Any

from manifests.references import selects
from manifests.rendering import Manifests, Pod
from scaffold.descriptions import Project

Flow = tuple[str, str, int]  # from, to, port
DATABASE_PORT, STATUS_PORT, BROKER_PORT = 5432, 8000, 6379  # the second is that of CloudNativePG's instances
# Namespaces that may connect to pods, and the ports that they may use.
ENTRANCES = {"envoy-gateway-system", "ingress-nginx"}
OPERATORS = {"cnpg-system": {STATUS_PORT, DATABASE_PORT}}
MONITORING = "monitoring"
DATABASE_METRICS = {9187, 9127}  # of CloudNativePG's instances and poolers


def findings(manifests: Manifests, projects: Mapping[str, Project]) -> Iterator[str]:
    """Yield connections that are possible and not needed, or needed and not possible."""
    pods = [*manifests.pods(), *manifests.database_pods()]
    policies = [policy["spec"] for policy in manifests.of_kind("NetworkPolicy").values()]
    for pod in pods:
        for kind in ("Ingress", "Egress"):
            if not any(kind in policy["policyTypes"] and selects(policy["podSelector"], pod) for policy in policies):
                yield f"{pod.name}: no network policy limits its {kind.lower()}"
    possible = {
        (source.name, target.name, port)
        for source in pods
        for target in pods
        for port in target.ports
        if _allows(policies, "Egress", source, target, port) and _allows(policies, "Ingress", target, source, port)
    }
    needed, optional = _needed(pods, projects)
    yield from (f"{source} cannot reach {target}:{port}" for source, target, port in sorted(needed - possible))
    yield from (
        f"{source} can reach {target}:{port}, and does not need to"
        for source, target, port in sorted(possible - needed - optional)
    )
    for name, policy in manifests.of_kind("NetworkPolicy").items():
        yield from (f"NetworkPolicy {name}: {finding}" for finding in _from_outside(policy["spec"], projects))


def _allows(policies: list[Any], kind: str, pod: Pod, peer: Pod, port: int) -> bool:
    """Return whether policies allow a pod to receive from (Ingress) or send to (Egress) a peer."""
    own = [policy for policy in policies if kind in policy["policyTypes"] and selects(policy["podSelector"], pod)]
    side = "from" if kind == "Ingress" else "to"
    return not own or any(
        _has_port(rule, port)
        and (side not in rule or any("podSelector" in each and _is(each, peer) for each in rule[side]))
        for policy in own
        for rule in policy.get(kind.lower(), ())
    )


def _is(peer: Mapping[str, Any], pod: Pod) -> bool:
    return "namespaceSelector" not in peer and selects(peer["podSelector"], pod)


def _has_port(rule: Mapping[str, Any], port: int) -> bool:
    return "ports" not in rule or any(each.get("port", port) == port for each in rule["ports"])


def _needed(pods: list[Pod], projects: Mapping[str, Project]) -> tuple[set[Flow], set[Flow]]:
    """Return the required flows, and the optional ones: among the pods of a database."""
    names = {pod.name for pod in pods}
    needed: set[Flow] = set()
    optional: set[Flow] = set()
    for project in projects.values():
        own = [project.name, *([project.worker_name] if project.worker else [])]
        needed |= {(name, called, projects[called].port) for name in own for called in project.calls}
        stores = [pod.name for pod in pods if pod.labels.get("cnpg.io/cluster") == f"{project.name}-db"]
        needed |= {(name, store, DATABASE_PORT) for name in own for store in stores}
        optional |= {(one, other, port) for one in stores for other in stores for port in (DATABASE_PORT, STATUS_PORT)}
        if "events" in names and project.worker:
            needed.add((project.worker_name, "events", BROKER_PORT))
    between = {(f"{project.name}-db-pooler", f"{project.name}-db", DATABASE_PORT) for project in projects.values()}
    instances = [f"{project.name}-db" for project in projects.values()]
    between |= {(each, each, port) for each in instances for port in (DATABASE_PORT, STATUS_PORT)}
    needed |= {flow for flow in between if flow[0] in names and flow[1] in names}
    return needed, optional


def _from_outside(policy: Mapping[str, Any], projects: Mapping[str, Project]) -> Iterator[str]:
    metrics = DATABASE_METRICS | {project.metrics_port for project in projects.values()}
    for rule in policy.get("ingress", ()):
        ports = {port.get("port") for port in rule.get("ports", ())} or {None}
        if not rule.get("from"):
            yield "allows ingress from anywhere"
        for peer in rule.get("from", ()):
            if "ipBlock" in peer:
                yield f"allows ingress from {peer['ipBlock']['cidr']}"
            namespace = peer.get("namespaceSelector")
            if namespace is None:
                continue
            name = namespace.get("matchLabels", {}).get("kubernetes.io/metadata.name")
            allowed = {MONITORING: metrics, **OPERATORS, **{each: {projects["gateway"].port} for each in ENTRANCES}}
            if not ports <= allowed.get(name, set()):
                yield f"allows ingress from the namespace {name} on {sorted(map(str, ports))}"
    for rule in policy.get("egress", ()):
        if not rule.get("to") and not rule.get("ports"):
            yield "allows all egress"
