"""The Grafana dashboard: panels of all services, then those in each project's ``deploy/panels.toml``."""

import json
import string
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from scaffold.descriptions import DescriptionError, Project

PANELS = Path(__file__).with_name("panels.toml")
COLUMNS, WIDTH, HEIGHT, FULL_WIDTH, FIRST_HEIGHT = 3, 8, 8, 24, 4
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def dashboard(projects: Iterable[Project]) -> str:
    """Return the dashboard, as JSON.

    Raises:
        DescriptionError: a file with panels is invalid.
    """
    jobs = "|".join(project.name for project in projects)
    up = {"title": "Services up", "unit": "short", "targets": [{"expr": _up(jobs), "legend": "{{job}}"}]}
    place = {"x": 0, "y": 0, "w": FULL_WIDTH, "h": FIRST_HEIGHT}
    panels = [{**_panel(1, up, place), "type": "stat", "options": {}}]
    own = [file for project in projects if (file := project.folder / "deploy" / "panels.toml").exists()]
    for file in (PANELS, *own):
        try:
            for panel in tomllib.loads(file.read_text(encoding="utf-8"))["panels"]:
                panels.append(_panel(len(panels) + 1, panel, _place(len(panels) - 1)))
        except (KeyError, TypeError, ValueError) as error:
            raise DescriptionError(f"{file}: {error!r}") from error
    variable = {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"}
    content = {
        "title": "Django microservices",
        "uid": "django-microservices",
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "tags": ["django"],
        "templating": {"list": [variable]},
        "panels": panels,
        "timezone": "browser",
    }
    return json.dumps(content, indent=2) + "\n"


def _up(jobs: str) -> str:
    return f'sum by (job) (up{{job=~"{jobs}"}})'


def _place(number: int) -> dict[str, int]:
    row, column = divmod(number, COLUMNS)
    return {"x": column * WIDTH, "y": FIRST_HEIGHT + row * HEIGHT, "w": WIDTH, "h": HEIGHT}


def _panel(number: int, panel: Mapping[str, Any], place: Mapping[str, int]) -> dict[str, Any]:
    targets = [
        {"refId": letter, "expr": target["expr"], "legendFormat": target["legend"]}
        for letter, target in zip(string.ascii_uppercase, panel["targets"], strict=False)
    ]
    return {
        "id": number,
        "type": "timeseries",
        "title": panel["title"],
        "gridPos": place,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": {"unit": panel["unit"], "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}},
        "targets": targets,
    }
