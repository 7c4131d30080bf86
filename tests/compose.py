"""Run a clean clone of the repository with Docker Compose, as a Compose project of its own."""

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devservers.ports import find_free_port
from devtools.projects import PROJECTS, ROOT

REQUIRED = bool(os.environ.get("REQUIRE_DOCKER"))
BASE_IMAGES = ("python:3.13-slim", "postgres:18")
TLS_BASE_IMAGE = "debian:trixie-slim"
IMAGES = (
    *(f"{name}:latest" for name in PROJECTS),
    *(f"{name}:changed" for name in PROJECTS),
    "order:tracing",
    "secrets:1",
    "database:18",
    "tls:haproxy-3.0",
)

# Seconds.
ENGINE_TIMEOUT = 20
PULL_TIMEOUT = 300
COMMAND_TIMEOUT = 600  # the slowest command builds all images


def require_compose(*more_images: str) -> None:
    """Skip the test if Docker Compose cannot run the system; with REQUIRE_DOCKER=1, fail it."""
    reason = why_unavailable(*more_images)
    if reason is not None:
        if REQUIRED:
            pytest.fail(f"REQUIRE_DOCKER=1, but {reason}")
        pytest.skip(f"no Docker Compose: {reason}")


def why_unavailable(*more_images: str) -> str | None:
    """Return why Docker Compose cannot run the system, or None if it can."""
    if os.environ.get("TEST_CONTAINERS") != "1":
        return "tests in containers need TEST_CONTAINERS=1, which .ci/run sets"
    for name in ("git", "docker"):
        if shutil.which(name) is None:
            return f"{name} is not installed"
    for command in (["docker", "info"], ["docker", "compose", "version"]):
        if not _succeeds(command, ENGINE_TIMEOUT):
            return f"`{' '.join(command)}` fails"
    for image in (*BASE_IMAGES, *more_images):
        is_here = _succeeds(["docker", "image", "inspect", image], ENGINE_TIMEOUT)
        if not is_here and not _succeeds(["docker", "pull", "--quiet", image], PULL_TIMEOUT):
            return f"the image {image} is missing and cannot be pulled"
    if not _succeeds(["git", "-C", str(ROOT), "rev-parse", "--verify", "HEAD"], ENGINE_TIMEOUT):
        return "this copy of the sources is not a git repository that can be cloned"
    return None


def _succeeds(command: list[str], timeout: float) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=timeout, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


class Stack:
    """A Compose project that is built from a clone."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.name = f"microservices-test-{secrets.token_hex(4)}"
        self.url = f"http://127.0.0.1:{(port := find_free_port())}"
        self.folder = folder
        # Leave out the settings of the developer's own deployment.
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "DOCKER_HOST")}
        self._environment = {
            **kept,
            "COMPOSE_PROJECT_NAME": self.name,
            "GATEWAY_PORT": str(port),
            "IMAGE_PREFIX": self.name,
            **variables,
        }

    def compose(self, *arguments: str, **variables: str) -> str:
        """Run `docker compose` and return its output; fail with the output if it fails."""
        return self._run("docker", "compose", "--ansi=never", "--progress=plain", *arguments, **variables)

    def containers(self, service: str) -> list[dict]:
        """Return the output of `docker inspect` for the running containers of ``service``."""
        numbers = self.compose("ps", "--quiet", service).split()
        return json.loads(self._run("docker", "inspect", *numbers)) if numbers else []

    def describe_all(self) -> str:
        """Return the output of `docker inspect` for all containers, including stopped ones."""
        return self._run("docker", "inspect", *self.compose("ps", "--all", "--quiet").split())

    def layers(self, image: str) -> list[str]:
        """Return the digests of the layers of an image such as ``user:latest``, those of its base first."""
        (described,) = json.loads(self._run("docker", "image", "inspect", f"{self.name}-{image}"))
        return described["RootFS"]["Layers"]

    def stop_one(self, service: str) -> None:
        """Stop one container of the service with `docker stop`."""
        self._run("docker", "stop", self.containers(service)[0]["Id"])

    def left_behind(self) -> dict[str, str]:
        """Return the remaining containers, volumes, networks and images of this project, by kind."""
        label = f"label=com.docker.compose.project={self.name}"
        found = {
            kind: self._run("docker", *command, "--quiet", "--filter", label)
            for kind, command in {
                "containers": ["ps", "--all"],
                "volumes": ["volume", "ls"],
                "networks": ["network", "ls"],
            }.items()
        }
        found["images"] = self._run("docker", "image", "ls", "--quiet", f"{self.name}-*")
        return {kind: numbers for kind, numbers in found.items() if numbers}

    def remove(self) -> None:
        """Remove the project, including its volumes and images."""
        self.compose("down", "--volumes", "--remove-orphans", "--timeout=10")
        images = [f"{self.name}-{image}" for image in IMAGES]
        here = [image for image in images if self._run("docker", "image", "ls", "--quiet", image)]
        if here:
            self._run("docker", "image", "rm", *here)

    def _run(self, *command: str, **variables: str) -> str:
        result = subprocess.run(
            command,
            cwd=self.folder,
            env={**self._environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_TIMEOUT,
            check=False,
        )
        assert result.returncode == 0, f"{' '.join(command)}:\n{result.stdout[-5000:]}"
        return result.stdout.strip()


@contextmanager
def stack_of_clean_clone(folder: Path, **variables: str) -> Iterator[Stack]:
    """Clone the committed sources, yield a stack with ``variables`` in its environment, and remove it at the end."""
    clone = folder / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True, timeout=60)
    stack = Stack(clone, **variables)
    try:
        yield stack
    finally:
        stack.remove()
