"""Policies of pods: Pod Security Standard `restricted`, resources, probes and graceful shutdown.

checkov has most of these checks, but installs 190 MB of packages; `.ci/kubernetes` runs it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from manifests.rendering import Manifests, Pod

WRITABLE = {"/tmp"}  # noqa: S108 - a mount  # nosec B108
PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
GUNICORN_SECONDS = 8  # graceful_timeout of the services; the gateway's is in its own grace period


def findings(manifests: Manifests) -> Iterator[str]:
    """Yield violations of the policies."""
    served = {name: service["spec"].get("selector") for name, service in manifests.of_kind("Service").items()}
    for pod in manifests.pods():
        yield from _security(pod)
        for name, container in pod.containers():
            yield from _container(name, container)
            yield from _resources(name, container)
        is_served = any(selector and selector.items() <= pod.labels.items() for selector in served.values())
        yield from _probes(pod, is_served=is_served)
        yield from _shutdown(pod, is_served=is_served)
    for name, deployment in manifests.of_kind("Deployment").items():
        strategy = deployment["spec"].get("strategy", {})
        if strategy.get("type") != "Recreate" and strategy.get("rollingUpdate", {}).get("maxUnavailable") != 0:
            yield f"{name}: a rollout removes replicas before others are ready: maxUnavailable is not 0"


def _security(pod: Pod) -> Iterator[str]:
    context = pod.spec.get("securityContext", {})
    if context.get("runAsNonRoot") is not True or context.get("runAsUser") == 0:
        yield f"{pod.name}: may run as root"
    if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield f"{pod.name}: has no seccomp profile"
    if pod.spec.get("automountServiceAccountToken") is not False:
        yield f"{pod.name}: has a token of the Kubernetes API"
    if pod.spec.get("enableServiceLinks") is not False:
        yield f"{pod.name}: gets variables such as GATEWAY_PORT of Kubernetes, which are settings here"
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.get(key):
            yield f"{pod.name}: {key} shares a namespace of the node"
    for volume in pod.spec.get("volumes", ()):
        kind = next(iter(volume.keys() - {"name"}))
        if kind not in ("projected", "emptyDir", "configMap", "secret"):
            yield f"{pod.name}: volume {volume['name']} is a {kind}"
        elif kind == "emptyDir" and "sizeLimit" not in volume[kind]:
            yield f"{pod.name}: volume {volume['name']} has no sizeLimit"


def _container(name: str, container: Mapping[str, Any]) -> Iterator[str]:
    context = container.get("securityContext", {})
    if context.get("privileged") or context.get("allowPrivilegeEscalation") is not False:
        yield f"{name}: may gain privileges"
    if context.get("readOnlyRootFilesystem") is not True:
        yield f"{name}: can write to its root file system"
    if context.get("capabilities", {}).get("drop") != ["ALL"] or context["capabilities"].get("add"):
        yield f"{name}: has capabilities"
    if context.get("runAsUser") == 0 or context.get("runAsNonRoot") is False:
        yield f"{name}: may run as root"
    for mount in container.get("volumeMounts", ()):
        if not mount.get("readOnly") and mount["mountPath"] not in WRITABLE:
            yield f"{name}: can write to {mount['mountPath']}"


def _resources(name: str, container: Mapping[str, Any]) -> Iterator[str]:
    resources = container.get("resources", {})
    for kind in ("requests", "limits"):
        for resource in {"cpu", "memory"} - resources.get(kind, {}).keys():
            yield f"{name}: {kind} have no {resource}"
    for variable in container.get("env", ()):
        if variable["name"].endswith(("_KEY", "_TOKEN", "_PASSWORD")):
            yield f"{name}: {variable['name']} is a secret in the environment, not a file"


def _probes(pod: Pod, *, is_served: bool) -> Iterator[str]:
    for name, container in pod.main_containers():
        for probe in PROBES:
            if probe not in container and (is_served or probe != "readinessProbe"):
                yield f"{name}: has no {probe}"
        if "readinessProbe" in container and container["readinessProbe"] == container.get("livenessProbe"):
            yield f"{name}: liveness and readiness are the same: an outage of a dependency would restart it"


def _shutdown(pod: Pod, *, is_served: bool) -> Iterator[str]:
    if "broker" in pod.labels.values() or not is_served:
        return
    for name, container in pod.main_containers():
        pause = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        if not pause:
            yield f"{name}: has no preStop sleep: callers may still connect when it ends"
        elif pod.spec.get("terminationGracePeriodSeconds", 30) <= pause + GUNICORN_SECONDS:
            yield f"{name}: is killed before it has drained"
