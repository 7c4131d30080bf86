"""The instructions in CONTRIBUTING.md for a service in its own repository are complete."""

import ast
import re
import textwrap
import tomllib

from repository import ROOT

from scaffold.generated import TEMPLATE_PROJECT, generate

TEXT = (ROOT / "CONTRIBUTING.md").read_text().partition("### A service in a repository of its own")[2]
TEMPLATE = ROOT / TEMPLATE_PROJECT


def imported(folder):
    """Return the packages that the modules in ``folder`` import."""
    nodes = [node for file in folder.rglob("*.py") for node in ast.walk(ast.parse(file.read_text()))]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names}


def test_every_library_that_a_service_or_its_tests_import_is_installed():
    added = textwrap.dedent(re.search(r"<<'EOF'\n(.*?)    EOF", TEXT, re.DOTALL)[1])

    project = tomllib.loads((TEMPLATE / "pyproject.toml").read_text() + added)

    libraries = imported(TEMPLATE) & {folder.name for folder in (ROOT / "libs").iterdir()}
    assert project["tool"]["uv"]["sources"].keys() == libraries
    installed = {re.split(r"[\[<]", name)[0] for name in project["project"]["dependencies"]}
    assert installed | {*project["dependency-groups"]["dev"]} >= libraries
    for name, source in project["tool"]["uv"]["sources"].items():
        assert tomllib.loads((ROOT / source["subdirectory"] / "pyproject.toml").read_text())["project"]["name"] == name


def test_routes_are_like_those_of_a_service_in_this_repository(repository):
    own = textwrap.dedent(TEXT[TEXT.index("    [upstreams.payment]") : TEXT.index("\nContracts")])
    own = own.replace("payment", "voucher")  # this repository may have a payment service by now
    (repository.root / "gateway_project" / "deploy" / "gateway.toml").write_text(own)

    generate(repository.root)

    written = (repository.root / "gateway_project" / "gateway.toml").read_text()
    assert written.endswith(f"\n\n{own}")
    routes = {route["path"]: route for route in tomllib.loads(written)["routes"]}
    moved = tomllib.loads(own.replace("voucher", "order"))["routes"]
    assert len(moved) == 3
    for route in moved:
        assert route | {"max_body": "1 MiB"} == routes[route["path"]]
