"""Checks of CPU limits and database connections against the numbers of processes and replicas."""

import re
from collections.abc import Iterator, Mapping

from manifests.references import environment
from manifests.rendering import Manifests
from scaffold.descriptions import Project

RESERVED = 20  # of the server's connections: migrations, backups, replication, people


def findings(manifests: Manifests, projects: Mapping[str, Project]) -> Iterator[str]:
    """Yield pods with fewer CPUs than processes, and databases with too few connections for all replicas."""
    for pod in manifests.pods():
        for name, container in pod.containers():
            processes = int(environment(container, manifests).get("WEB_CONCURRENCY", "1"))
            if cpus(container["resources"]["limits"].get("cpu", "0")) < processes:
                yield f"{name}: its CPU limit throttles its {processes} processes"
    poolers, clusters = manifests.of_kind("Pooler"), manifests.of_kind("Cluster")
    for project in projects.values():
        if (pooler := poolers.get(f"{project.name}-db-pooler")) is None:
            continue
        settings = pooler["spec"]["pgbouncer"]["parameters"]
        instances = pooler["spec"]["instances"]
        clients = most_connections(manifests, project)
        if clients > int(settings["max_client_conn"]) * instances:
            yield f"{project.name}: {clients} connections, and its poolers accept {settings['max_client_conn']} each"
        # A rollout adds an instance.
        servers = int(settings["default_pool_size"]) * (instances + 1)
        parameters = clusters[f"{project.name}-db"]["spec"]["postgresql"]["parameters"]
        if servers + RESERVED > int(parameters["max_connections"]):
            yield f"{project.name}: poolers may open {servers} connections of {parameters['max_connections']}"


def cpus(quantity: str) -> float:
    """Return a quantity such as ``2`` or ``500m`` as a number of CPUs."""
    return float(quantity.removesuffix("m")) / 1000 if quantity.endswith("m") else float(quantity)


def most_connections(manifests: Manifests, project: Project) -> int:
    """Return processes x threads x replicas, one replica more during a rollout, and two for the worker."""
    deployment = manifests.of_kind("Deployment")[project.name]
    scaler = manifests.of_kind("HorizontalPodAutoscaler").get(project.name)
    replicas = int(scaler["spec"]["maxReplicas"] if scaler else deployment["spec"]["replicas"])
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    processes = int(environment(container, manifests).get("WEB_CONCURRENCY", "1"))
    threads = re.search(r"(?m)^threads = (\d+)$", (project.folder / "gunicorn.conf.py").read_text(encoding="utf-8"))
    return processes * (int(threads[1]) if threads else 1) * (replicas + 1) + 2 * project.worker
