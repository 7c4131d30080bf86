"""Validates the names of a new service and its resource."""

import builtins
import functools
import importlib.metadata
import keyword
import re
import sys
from pathlib import Path

LONGEST = 18  # names of database indexes contain it
# Names of containers, processes, suites, applications and paths that always exist.
RESERVED = {
    *("admin", "auth", "axes", "contenttypes", "inbox", "messages", "outbox", "sessions", "staticfiles"),
    *("api", "apis", "caller", "callers", "command", "commands", "widgets"),  # names in the template's code and tests
    *("database", "health", "metrics", "openapi", "postgres", "public", "secrets", "static", "tls"),
    *("all", "benchmarks", "conftest", "deploy", "docs", "example", "libs", "manage", "system", "test", "tests"),
}


def plural_of(name: str) -> str:
    """Return the plural of an English noun, as far as rules can tell."""
    if re.search("[^aeiou]y$", name):
        return f"{name[:-1]}ies"
    return f"{name}es" if re.search("(s|x|z|ch|sh)$", name) else f"{name}s"


def singular_of(name: str) -> str:
    """Return the singular of a plural; return other names unchanged."""
    for pattern, replacement in (
        (r"(.{2,})ies$", r"\1y"),
        (r"(.*(?:ss|x|z|ch|sh))es$", r"\1"),
        (r"(.+[^s])s$", r"\1"),
    ):
        if re.match(pattern, name):
            return re.sub(pattern, replacement, name)
    return name


def why_not(name: str, root: Path) -> str | None:
    """Return why a name is invalid for a service or a resource; None if it is valid."""
    taken = {path.name.removesuffix("_project") for path in (*root.glob("*"), *root.glob("libs/*"))}
    valid = re.fullmatch("[a-z][a-z0-9]*", name) and len(name) <= LONGEST
    reasons = {
        "is a keyword of Python": keyword.iskeyword(name) or keyword.issoftkeyword(name),
        f"is not 1 to {LONGEST} lower-case letters and digits, a letter first": not valid,
        "is a module of Python's standard library": name in sys.stdlib_module_names,
        "is built into Python": name in dir(builtins),
        "is taken": name in taken,
        "is reserved": name in RESERVED,
        "is an installed package": name in _installed(),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


@functools.cache
def _installed() -> set[str]:
    return {module.lower() for module in importlib.metadata.packages_distributions()}
