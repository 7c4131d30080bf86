"""docs/problems.md lists exactly the problem types of the services, the gateway and the TLS proxy."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "problems.md").read_text()
PROXY = (ROOT / "deploy" / "tls" / "haproxy.cfg").read_text()
OF_PROXY = re.compile(r"^ *http-error status ([0-9]{3}) .*urn:problem:([a-z_]+)", re.MULTILINE)
PROBLEM_ROW = re.compile(r"^\| `([a-z_]+)` \| ([0-9]{3}) \|", re.MULTILINE)
FIELD_CODE_ROW = re.compile(r"^\| `([a-z_]+)` \| [^0-9]", re.MULTILINE)
FRAMEWORK = Path(find_spec("rest_framework").origin).parent
DJANGO = Path(find_spec("django").origin).parent


@cache
def code() -> list[ast.AST]:
    """Parse the code of services and libraries; return its nodes."""
    folders = [*ROOT.glob("*_project/*"), *ROOT.glob("libs/*/*")]
    paths = [path for folder in folders if folder.name != "tests" for path in folder.rglob("*.py")]
    return [node for path in paths for node in ast.walk(ast.parse(path.read_text()))]


def nodes(kind: type[ast.AST], among: list[ast.AST]) -> Iterator[Any]:
    return (node for node in among if isinstance(node, kind))


def constant(node: ast.expr | None) -> Any:
    """Return the value of ``404``, ``"not_found"``, ``HTTPStatus.NOT_FOUND`` or ``status.HTTP_404_NOT_FOUND``."""
    if isinstance(node, ast.Attribute):
        name = node.attr
        return int(name.split("_")[1]) if name.startswith("HTTP_") else getattr(HTTPStatus, name, None)
    return node.value if isinstance(node, ast.Constant) else None


def exceptions(among: list[ast.AST]) -> Iterator[tuple[str, str, Any]]:
    """Yield name, code and status of each exception class with a code; it may inherit the status."""
    classes = {node.name: node for node in nodes(ast.ClassDef, among)}

    def find(name: str, *attributes: str) -> Any:
        node = classes.get(name)
        for statement in node.body if node else ():
            if isinstance(statement, ast.Assign) and getattr(statement.targets[0], "id", "") in attributes:
                return constant(statement.value)
        return None

    def inherited(name: str, *attributes: str) -> Any:
        if name not in classes:
            return None
        bases = [base.id for base in classes[name].bases if isinstance(base, ast.Name)]
        found = [find(name, *attributes), *(inherited(base, *attributes) for base in bases)]
        return next((one for one in found if one), None)

    for name in classes:
        code, status = find(name, "code", "default_code"), inherited(name, "status", "status_code")
        if code and status:
            yield name, code, int(status)


def problems_in_code() -> set[tuple[str, int]]:
    found = {(name, status) for _, name, status in exceptions(code())}
    for call in nodes(ast.Call, code()):
        if getattr(call.func, "id", "") in ("ProblemType", "problem_response"):
            values = [constant(one) for one in call.args]
            found |= {
                (name, status)
                for status, name in pairwise(values)
                if isinstance(status, int) and isinstance(name, str)
            }
    for table in nodes(ast.Dict, code()):  # of the HTTP server: from status to code
        keys, values = [[constant(one) for one in part] for part in (table.keys, table.values)]
        if keys and all(isinstance(key, int) and key >= 400 for key in keys):
            found |= set(zip(values, keys, strict=True))
    found |= {(name, int(status)) for status, name in OF_PROXY.findall(PROXY)}
    used = {node.id for node in nodes(ast.Name, code())} | {"MethodNotAllowed"}  # raised by the framework
    of_framework = exceptions([*ast.walk(ast.parse((FRAMEWORK / "exceptions.py").read_text()))])
    return found | {(name, status) for cls, name, status in of_framework if cls in used - {"APIException"}}


@cache
def field_codes_in_code() -> set[str]:
    found = set()
    for call in nodes(ast.Call, code()):
        name = getattr(call.func, "id", "")
        if name == "ErrorDetail":
            found.add(constant(call.args[1]))
        if name.endswith("ValidationError"):
            found |= {constant(one.value) for one in call.keywords if one.arg == "code"}
    return found


def test_page_lists_each_problem_type_of_the_code_with_its_status():
    documented = {(code, int(status)) for code, status in PROBLEM_ROW.findall(PAGE)}

    assert documented == problems_in_code()


def test_page_lists_each_code_of_errors():
    documented = set(FIELD_CODE_ROW.findall(PAGE))
    framework = [FRAMEWORK / "fields.py", FRAMEWORK / "validators.py", DJANGO / "core" / "validators.py"]
    foreign = {
        code
        for code in documented - field_codes_in_code()
        if not any(re.search(rf"['\"]{code}['\"]", path.read_text()) for path in framework)
    }

    assert field_codes_in_code() <= documented
    assert foreign == set()
