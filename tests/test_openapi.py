"""Generated requests get no 500, and no response that contradicts the service's OpenAPI document."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from conformance.generated import generated
from devtools.projects import with_database
from tests.api import make_user

HERE = Path(__file__).parent
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
RUN_SECONDS = 240  # timeout; on a busy machine a run takes two minutes
SERVICES = [project.name for project in with_database()]
OPERATIONS = {"user": 6, "order": 8}
FEWEST_REQUESTS = 300  # fewer mean that a document or a phase was skipped


def run_schemathesis(url, report, *, known_user_ids=()):
    """Run all phases against the document of the service at ``url``; return the finished process and its report."""
    environment = os.environ | {
        "KNOWN_USER_IDS": " ".join(map(str, known_user_ids)),
        "PYTHONPATH": str(HERE),
        "SCHEMATHESIS_HOOKS": "schemathesis_hooks",
    }
    process = subprocess.run(
        [
            *(SCHEMATHESIS, "--config-file", HERE / "schemathesis.toml", "run", f"{url}/openapi.json"),
            *("--no-color", "--report", "json", "--report-json-path", report),
            *("--max-examples", str(max(12, generated.max_examples // 40))),
        ],
        cwd=report.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    return process, json.loads(report.read_text()) if report.exists() else None


@pytest.fixture(params=SERVICES)
def document(request, system):
    with system.by_name[request.param].client() as client:
        return client.get("/openapi.json").json()


def operations(document):
    return [one for path in document["paths"].values() for one in path.values()]


def test_everything_is_described_for_clients(document):
    parts = [
        part for one in operations(document) for part in (one, *one["responses"].values(), *one.get("parameters", []))
    ]

    assert all(operation["summary"] and operation["tags"] for operation in operations(document))
    assert all(part["description"] for part in parts)
    assert "``" not in str(document)  # of docstrings


def test_examples_conform_to_their_schemas(document):
    contents = [
        content
        for operation in operations(document)
        for part in (operation.get("requestBody", {}), *operation["responses"].values())
        for content in part.get("content", {}).values()
    ]
    examples = [
        (one["value"], content["schema"]) for content in contents for one in content.get("examples", {}).values()
    ]

    for value, schema in examples:
        validator = Draft202012Validator(
            {"components": document["components"]} | schema, format_checker=FormatChecker()
        )
        validator.validate(value)
    requests = [one for one in operations(document) if "requestBody" in one]
    assert len(examples) > len(requests)


@pytest.mark.parametrize("name", SERVICES)
def test_responses_conform_to_the_openapi_document(system, gateway, tmp_path, capsys, name):
    known_user_ids = [make_user(gateway)["id"] for _ in range(10)]
    service = system.by_name[name]

    process, report = run_schemathesis(service.url, tmp_path / "report.json", known_user_ids=known_user_ids)

    assert process.returncode == 0, process.stdout + process.stderr
    assert report["operations"]["tested"] == report["operations"]["total"]
    assert name not in OPERATIONS or report["operations"]["total"] == OPERATIONS[name]
    assert report["test_cases"]["generated"] >= FEWEST_REQUESTS
    with capsys.disabled():
        sys.stdout.write(f"\n{name} service: {report['test_cases']['generated']} generated requests\n")
