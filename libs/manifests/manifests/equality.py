"""Compares pods with the compose model: images, environment, user, memory, commands, health paths and grace periods."""

from collections.abc import Iterator, Mapping
from typing import Any

from manifests.references import environment
from manifests.rendering import Manifests, Pod
from scaffold import compose

# Addresses, which differ from those of docker compose.
OWN = {"DB_HOST", "TRUSTED_PROXIES", "ALLOWED_HOSTS"}
IDENTITY = "AUTH"  # a component enables it in all pods
ADDED = {"DB_POOLER"}


def findings(manifests: Manifests, services: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the differences between pods and their containers in the compose model ``services``."""
    pods = {pod.name: pod for pod in manifests.pods()}
    given = [environment(container, manifests) for pod in pods.values() for _, container in pod.containers()]
    if len({variables[IDENTITY] for variables in given if IDENTITY in variables}) > 1:
        yield f"{IDENTITY} is not the same in all pods"
    for name, service in services.items():
        if name.endswith(("-migrate", "-db")) or name in ("secrets", "tls"):
            continue
        if name not in pods:
            yield f"{name}: is a container but not a pod"
            continue
        init = (
            [("migrate", services[f"{name.removesuffix('-worker')}-migrate"])]
            if "DB_HOST" in service["environment"]
            else []
        )
        for container_name, model in (*init, ("app", service)):
            yield from _container(pods[name], container_name, model, manifests)
        hooks = pods[name].spec["containers"][0].get("lifecycle", {})
        pause = hooks.get("preStop", {}).get("sleep", {}).get("seconds", 0)
        grace = pods[name].spec["terminationGracePeriodSeconds"]
        if grace != pause + compose.seconds(service["stop_grace_period"]):
            yield f"{name}: has {grace} s to end, and its container {service['stop_grace_period']}"


def _container(pod: Pod, name: str, model: Mapping[str, Any], manifests: Manifests) -> Iterator[str]:
    where = f"{pod.name}: container {name}"
    container = next((each for _, each in pod.containers() if each["name"] == name), None)
    if container is None:
        yield f"{where} is missing"
        return
    given, wanted = environment(container, manifests), model["environment"]
    yield from (f"{where}: has no {variable}" for variable in sorted(wanted.keys() - given.keys()))
    yield from (
        f"{where}: {variable} is no setting of its container"
        for variable in sorted(given.keys() - wanted.keys() - ADDED)
    )
    for variable in sorted(wanted.keys() & given.keys() - OWN):
        if given[variable] != wanted[variable] and not _is_of_component(variable):
            yield f"{where}: {variable} is {given[variable]!r}, and {wanted[variable]!r} in its container"
    image = container["image"].rpartition("/")[2]
    if image.partition(":")[0] != model["image"].partition(":")[0]:
        yield f"{where}: its image is {container['image']}, and {model['image']} in its container"
    if container.get("command", []) != model.get("command", []):
        yield f"{where}: its command is {container.get('command')}, and {model.get('command')} in its container"
    if container["resources"]["limits"].get("memory") != model["mem_limit"].replace("m", "Mi"):
        yield f"{where}: its memory is not {model['mem_limit']}"
    if name == "app":
        yield from _health(where, container, model["healthcheck"]["test"])


def _is_of_component(variable: str) -> bool:
    return variable == "EVENTS_BROKER_URL" or variable.startswith(IDENTITY)


def _health(where: str, container: Mapping[str, Any], test: list[str]) -> Iterator[str]:
    if "--file" in test:
        if container.get("livenessProbe", {}).get("exec", {}).get("command") != test[1:]:
            yield f"{where}: its liveness is not {test[1:]}"
    elif container.get("readinessProbe", {}).get("httpGet", {}).get("path") != test[-1]:
        yield f"{where}: its readiness is not {test[-1]}"
