"""Updates the projects in ``uv.lock`` offline: a new service is locked like the template that it was copied from.

uv itself can lock offline only packages in its cache. ``uv lock --check`` verifies the result.
"""

import re
from collections.abc import Sequence

from scaffold.descriptions import Project

TEMPLATE, TEMPLATE_FOLDER = "example-project", "devtools/template/example_project"
_PACKAGE = "\n[[package]]\n"


def with_members(lock: str, projects: Sequence[Project]) -> str:
    """Return the text of ``uv.lock`` with these projects, and the template, as the only projects in it."""
    head, *packages = lock.split(_PACKAGE)
    wanted = {name_in_lock(project): project for project in projects}
    kept = [package for package in packages if not _is_project(package) or _name(package) in {TEMPLATE, *wanted}]
    (template,) = (package for package in kept if _name(package) == TEMPLATE)
    libraries = "|".join(re.findall(r'\nsource = { editable = "libs/(\w+)" }', lock))
    new = wanted.keys() - {_name(package) for package in kept}
    kept = sorted([*kept, *(_copy(template, wanted[name], libraries) for name in sorted(new))], key=_name)
    members = sorted(_name(package) for package in kept if re.search(r"\nsource = { (editable|virtual) = ", package))
    listed = "".join(f'    "{name}",\n' for name in members)
    head = re.sub(r"(\nmembers = \[\n)[^]]*\]", rf"\g<1>{listed}]", head)
    return _PACKAGE.join([head, *(package.rstrip("\n") + "\n" for package in kept)])


def name_in_lock(project: Project) -> str:
    """Return the name of the project's package as uv writes it."""
    return project.package.replace("_", "-")


def _name(package: str) -> str:
    return package.removeprefix('name = "').partition('"')[0]


def _is_project(package: str) -> bool:
    return re.search(r'\nsource = { editable = "[^"]*_project" }', package) is not None


def _copy(template: str, project: Project, libraries: str) -> str:
    text = template.replace(TEMPLATE_FOLDER, project.package).replace(TEMPLATE, name_in_lock(project))
    # The template is inside another project, where uv does not resolve libraries as workspace members.
    dependencies, metadata, required = text.partition("[package.metadata]")
    required = re.sub(rf'\{{ name = "({libraries})"([^}}]*) \}}', r'{ name = "\1"\2, editable = "libs/\1" }', required)
    text = dependencies + metadata + required
    unused = [*(() if project.calls else ("requests",)), *(() if project.worker else ("events",))]
    for name in unused:
        text = re.sub(rf'    \{{ name = "{name}"[^}}]* \}},\n', "", text)
    return text
