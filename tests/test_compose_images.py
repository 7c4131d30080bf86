"""The contents and layers of the services' images."""

import json

import pytest

from devtools.projects import PROJECTS
from tests.compose import require_compose, stack_of_clean_clone
from tests.locked_packages import locked_packages, normalised

SERVICES = (*PROJECTS,)
FIND_TRACING = "import importlib.util; print(importlib.util.find_spec('opentelemetry') is not None)"


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    require_compose()
    with stack_of_clean_clone(tmp_path_factory.mktemp("images")) as stack:
        stack.compose("build", *SERVICES)
        yield stack
    assert stack.left_behind() == {}


def run(stack, service, *command, **variables):
    """Run a command in a container of the service's image, and return its output."""
    options = ("--rm", "--no-deps", "--no-TTY", "--quiet-pull", "--user=0")
    return stack.compose("--progress=quiet", "run", *options, service, *command, **variables)


def members(uv, service):
    return {name for name, versions in locked_packages(uv, service).items() if None in versions}


@pytest.mark.parametrize("service", SERVICES)
def test_image_contains_only_the_locked_packages_of_its_project(stack, uv, service):
    list_packages = (
        "import importlib.metadata, json;"
        "print(json.dumps({each.name: each.version for each in importlib.metadata.distributions()}))"
    )
    locked, own = locked_packages(uv, service), members(uv, service)

    found = json.loads(run(stack, service, "python", "-c", list_packages))
    installed = {normalised(name): version for name, version in found.items()}
    others = {name: version for name, version in installed.items() if name not in own}

    assert installed.keys() >= own
    assert {name for name, version in others.items() if version not in locked.get(name, ())} == set()


@pytest.mark.parametrize("service", SERVICES)
def test_image_contains_none_of_our_tests(stack, uv, service):
    list_files = (
        "import importlib.metadata, pathlib;"
        f"files = [file for name in {members(uv, service)} for file in importlib.metadata.files(name)];"
        "print(len(files), *(file for file in files if 'tests' in file.parts), *pathlib.Path('/app').rglob('tests'))"
    )

    number, *tests = run(stack, service, "python", "-c", list_files).split()

    assert int(number) > 20
    assert tests == []


@pytest.mark.parametrize("service", SERVICES)
def test_image_contains_no_compiler_installer_or_cache(stack, service):
    find_programs = "import shutil; print([name for name in ('cc', 'pip', 'pip3', 'uv') if shutil.which(name)])"
    find_pip = "import importlib.util; print(importlib.util.find_spec('pip'))"

    assert run(stack, service, "python", "-c", find_programs) == "[]"
    assert run(stack, service, "/usr/local/bin/python", "-c", find_pip) == "None"
    assert ".cache" not in run(stack, service, "ls", "-A", "/root").split()


def test_code_change_replaces_one_layer(stack):
    before = stack.layers("user:latest")
    module = stack.folder / "user_project" / "users" / "models.py"
    module.write_text(module.read_text() + "# changed\n")

    stack.compose("build", "user", VERSION="changed")
    after = stack.layers("user:changed")

    assert [old == new for old, new in zip(before, after, strict=True)].count(False) == 1


def test_images_built_with_tracing_export_traces(stack):
    trace = (
        "from observability import tracing;"
        "tracing.start('order'); print(tracing.exporter(), tracing.traced(print) is not print)"
    )
    variables = {"TRACING": "1", "VERSION": "tracing", "OTEL_TRACES_EXPORTER": "otlp"}

    stack.compose("build", "order", **variables)
    traced = run(stack, "order", "python", "-c", trace, **variables)

    assert [run(stack, service, "python", "-c", FIND_TRACING) for service in SERVICES] == ["False"] * len(SERVICES)
    assert traced.splitlines()[-1] == "otlp True"
