"""The OpenAPI document of a ResourceViewSet."""

import pytest


@pytest.fixture
def document(api):
    return api.get("/openapi.json").json()


@pytest.mark.parametrize(
    ("method", "header"),
    [("get", "If-None-Match"), ("put", "If-Match"), ("patch", "If-Match"), ("delete", "If-Match")],
)
def test_operations_on_one_object_are_conditional(document, method, header):
    operation = document["paths"]["/books/{id}"][method]

    assert header in [parameter["name"] for parameter in operation["parameters"]]
    assert ("304" in operation["responses"]) == (method == "get")


def test_operations_state_the_problems_of_the_middleware(document):
    operations = {method: one["responses"].keys() for method, one in document["paths"]["/books/{id}"].items()}

    assert all(responses >= {"401", "503"} for responses in operations.values())
    assert {method for method, responses in operations.items() if "413" in responses} == {"put", "patch", "delete"}
    assert {method for method, responses in operations.items() if "412" in responses} == operations.keys()


def test_operations_have_a_title_and_a_description_for_clients(document):
    operation = document["paths"]["/books/{id}"]["put"]

    assert operation["summary"] == "Replace book"
    assert operation["description"].startswith(
        "Sets every writable member of the book. Optional members that are not sent keep their values."
    )
