"""Renders overlays with ``kubectl kustomize``."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

KUBECTL = Path(sys.executable).with_name("kubectl")
Document = Mapping[str, Any]


class RenderingError(Exception):
    """kustomize failed; the message is its output."""


@dataclass(frozen=True)
class Pod:
    """A pod of a deployment, or one that an operator creates."""

    name: str
    labels: Mapping[str, str]
    spec: Mapping[str, Any]
    """Empty for a pod that an operator creates."""
    ports: frozenset[int]

    def containers(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield each container, init containers first, with a name for messages."""
        for container in self.spec.get("initContainers", ()):
            yield f"{self.name}: container {container['name']}", container
        yield from self.main_containers()

    def main_containers(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield each container but the init containers, with a name for messages."""
        for container in self.spec.get("containers", ()):
            yield f"{self.name}: container {container['name']}", container


class Manifests:
    """The documents of one overlay."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self.documents = documents

    def of_kind(self, kind: str) -> dict[str, Document]:
        """Return the documents of a kind by their names."""
        return {each["metadata"]["name"]: each for each in self.documents if each["kind"] == kind}

    def pods(self) -> list[Pod]:
        """Return the pods of deployments."""
        found = []
        for name, deployment in self.of_kind("Deployment").items():
            template = deployment["spec"]["template"]
            ports = [port for container in template["spec"]["containers"] for port in container.get("ports", ())]
            numbers = frozenset(port["containerPort"] for port in ports)
            found.append(Pod(name, template["metadata"]["labels"], template["spec"], numbers))
        return found

    def database_pods(self) -> list[Pod]:
        """Return the pods that CloudNativePG creates: instances of each cluster, and poolers."""
        found = [Pod(name, {"cnpg.io/cluster": name}, {}, frozenset({5432, 8000})) for name in self.of_kind("Cluster")]
        for name, pooler in self.of_kind("Pooler").items():
            labels = {"cnpg.io/cluster": pooler["spec"]["cluster"]["name"], "cnpg.io/poolerName": name}
            found.append(Pod(name, labels, {}, frozenset({5432})))
        return found


def render(folder: Path) -> Manifests:
    """Return the rendered overlay.

    Raises:
        RenderingError: kustomize failed.
    """
    done = subprocess.run([KUBECTL, "kustomize", folder], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RenderingError(done.stderr.strip())
    return Manifests([*yaml.load_all(done.stdout, yaml.CSafeLoader)])
