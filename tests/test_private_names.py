"""No code uses private names of Django, REST framework, gunicorn or requests outside of the two exempt packages.

Private names are attributes with an underscore that their module does not define itself, names with an underscore that
are imported or passed to ``getattr``, and attributes such as ``__dict__``. Ruff's SLF001 finds a part of these.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARIES = [
    "calls",
    "chassis",
    "http1",
    "idempotency",
    "identity",
    "lists",
    "migrating",
    "observability",
    "openapi",
    "problems",
]
FOLDERS = [*(f"libs/{name}/{name}" for name in LIBRARIES), "user_project", "order_project", "gateway_project"]
EXEMPT = ["gateway_project/proxy/server"]  # the other one, libs/speedups, is not in FOLDERS
DOCUMENTED = {"_meta", "_default_manager", "_base_manager", "_state", "_replace"}  # the last one is of named tuples
INTERNALS = {"__dict__", "__wrapped__", "__code__", "__globals__", "__closure__"}

# Allowed uses, by file and name, with the reason.
ALLOWED = {
    (
        "gateway_project/proxy/views.py",
        "_has_been_logged",
    ): "Django's mark that a response has its line in the log",
}


def is_private(name):
    return name in INTERNALS or (name.startswith("_") and not name.startswith("__") and name not in DOCUMENTED)


def defined(tree):
    """Yield the names that a module defines: functions, attributes, variables."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else own(node)


def own(node):
    """Return the name of an attribute of ``self`` or ``cls``, or None."""
    match node:
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
            return name
    return None


def private_names(source):
    """Yield each line and private name that is not the module's own."""
    tree = ast.parse(source)
    mine = set(defined(tree))
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(), attr=name) if name in mine:
                continue
            case ast.Attribute(attr=name):
                names = [name]
            case ast.ImportFrom(module=module, names=aliases):
                names = [*(module or "").split("."), *(alias.name for alias in aliases)]
            case ast.Import(names=aliases):
                names = [part for alias in aliases for part in alias.name.split(".")]
            case ast.Call(
                func=ast.Name(id="getattr" | "setattr" | "hasattr" | "delattr"),
                args=[_, ast.Constant(value=str(name)), *_],
            ):
                names = [name]
            case _:
                continue
        yield from ((node.lineno, name) for name in names if is_private(name))


def sources():
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*.py")):
            path = file.relative_to(ROOT).as_posix()
            if not {"tests", "migrations"} & set(path.split("/")) and not path.startswith(tuple(EXEMPT)):
                yield path, file.read_text()


def test_no_private_name_is_used_unless_it_is_allowed():
    found = {(path, name): f"{path}:{line}" for path, source in sources() for line, name in private_names(source)}

    assert {use: where for use, where in found.items() if use not in ALLOWED} == {}
    assert ALLOWED.keys() - found.keys() == set()  # unused entries must be removed


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("queryset._result_cache", ["_result_cache"]),
        ("super()._populate()", ["_populate"]),
        ("class V:\n def f(self): return self._request", ["_request"]),
        ("class V:\n def f(self): self._mine = 1; return self._mine", []),
        ("class V:\n def f(self): return self._g()\n def _g(self): pass", []),
        ("from django.db import _private", ["_private"]),
        ("from django.core._other import x", ["_other"]),
        ("getattr(request, '_request')", ["_request"]),
        ("view.__wrapped__, view.__dict__", ["__wrapped__", "__dict__"]),
        ("model._meta.pk, model._default_manager, type(x).__name__", []),
    ],
)
def test_private_names_are_found(source, names):
    assert sorted(name for _, name in private_names(source)) == sorted(names)
