"""All checks of one overlay."""

from collections.abc import Iterator
from pathlib import Path

from manifests import capacity, equality, networks, pods, references, schemas
from manifests.rendering import Manifests, render
from scaffold import compose
from scaffold.descriptions import read_projects

PRODUCTION = "production"


def check(overlay: Path, root: Path) -> Iterator[str]:
    """Yield the findings in an overlay, which is compared with the compose files in ``root``.

    Raises:
        RenderingError: kustomize failed.
    """
    return check_rendered(render(overlay), root, is_production=overlay.name == PRODUCTION)


def check_rendered(manifests: Manifests, root: Path, *, is_production: bool) -> Iterator[str]:
    """Yield the findings in rendered documents; only those of schemas if there are any."""
    if found := [*schemas.findings(manifests)]:
        yield from found
        return
    projects = read_projects(root)
    files = ["docker-compose.yml", *(["docker-compose.production.yml"] if is_production else [])]
    services = compose.services(*((root / file).read_text(encoding="utf-8") for file in files))
    yield from pods.findings(manifests)
    yield from references.findings(manifests)
    yield from networks.findings(manifests, projects)
    yield from equality.findings(manifests, services)
    yield from capacity.findings(manifests, projects)
