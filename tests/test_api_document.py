"""The gateway's merged OpenAPI document is valid, and a client that is generated from it works."""

import importlib
import os
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from devservers.processes import wait_for
from devtools.projects import with_database
from tests.api import new_email


@pytest.fixture(autouse=True)
def document(gateway):
    """The document, once it includes all services."""

    def tags():
        return {tag["name"] for tag in gateway.get("/-/openapi.json").json()["tags"]}

    assert wait_for(lambda: tags() == {project.name for project in with_database()}, seconds=10)
    return gateway.get("/-/openapi.json").json()


@pytest.fixture
def generate(system, tmp_path, monkeypatch):
    """Generates a client package with openapi-python-client; returns the finished process."""

    def generate_client():
        process = subprocess.run(
            [
                *(sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning"),
                *("--url", f"{system.gateway.url}/-/openapi.json"),
                *("--output-path", tmp_path / "generated_client", "--meta", "none"),
            ],
            # The generator formats the code with ruff.
            env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
        monkeypatch.syspath_prepend(tmp_path)
        return process

    return generate_client


def test_document_is_valid_openapi(document):
    assert document["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(document).validate()


def test_document_has_the_operations_of_all_services(document):
    operations = {one["operationId"]: one["tags"] for item in document["paths"].values() for one in item.values()}

    assert sum(tags in (["user"], ["order"]) for tags in operations.values()) == 14
    assert {tag for tags in operations.values() for tag in tags} == {project.name for project in with_database()}
    assert operations["users_create"] == ["user"]
    assert operations["orders_fulfil"] == ["order"]
    assert "Problem" in document["components"]["schemas"]  # which all services have


def test_generated_client_places_an_order(generate, system):
    process = generate()
    assert process.returncode == 0, process.stdout + process.stderr
    assert "WARNING" not in process.stdout + process.stderr
    client = importlib.import_module("generated_client")
    models = importlib.import_module("generated_client.models")
    create_user = importlib.import_module("generated_client.api.user.users_create")
    create_order = importlib.import_module("generated_client.api.order.orders_create")

    with client.Client(base_url=system.gateway.url) as api:
        user = create_user.sync(client=api, body=models.UserRequest(name="Grace Hopper", email=new_email()))
        order = create_order.sync(client=api, body=models.OrderRequest(user_id=user.id, product_name="Laptop"))
        refused = create_order.sync_detailed(
            client=api, body=models.OrderRequest(user_id=987654321, product_name="Laptop")
        )

    assert (order.user_id, order.product_name, order.status) == (user.id, "Laptop", "placed")
    assert refused.status_code == HTTPStatus.BAD_REQUEST
    assert refused.parsed.errors[0].code == "unknown_user"
