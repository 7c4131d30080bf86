"""The OpenAPI document."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from drf_spectacular.generators import SchemaGenerator

from openapi.document import DocumentView
from openapi.hooks import refer_to_enums, state_integer_sizes


@pytest.fixture
def document(api):
    return api.get("/openapi.json").json()


def test_errors_are_problems(document):
    operations = [operation for path in document["paths"].values() for operation in path.values()]

    assert len(operations) == 6
    for operation in operations:
        errors = {status: response for status, response in operation["responses"].items() if status >= "400"}
        assert errors.keys() >= {"400", "401", "406", "500", "503"}
        assert all(response["content"].keys() == {"application/problem+json"} for response in errors.values())
        assert all(response["x-problem-types"] for response in errors.values())


def test_errors_refer_to_schemas_without_other_keywords(document):
    """Generators refuse keywords beside ``$ref``, or ignore them."""
    responses = document["paths"]["/books"]["post"]["responses"]
    schemas = {
        status: one["content"]["application/problem+json"]["schema"]
        for status, one in responses.items()
        if status >= "400"
    }

    problem = {"$ref": "#/components/schemas/Problem"}
    assert schemas.pop("400") == {"anyOf": [{"$ref": "#/components/schemas/ValidationProblem"}, problem]}
    assert all(schema == problem for schema in schemas.values())
    assert responses["503"]["x-problem-types"] == ["urn:problem:database_unavailable"]


@pytest.mark.parametrize("method", ["get", "delete"])
def test_operations_on_a_single_object_state_that_a_filter_may_be_invalid(document, api, method):
    response = getattr(api, method)("/books/1?created_at__gte=x")
    documented = document["paths"]["/books/{id}"][method]["responses"]["400"]

    assert (response.status_code, response.json()["type"]) == (400, "urn:problem:invalid")
    assert "`invalid`" in documented["description"]


def test_operations_require_no_credentials_without_authentication(document):
    """Generators require credentials for ``security: [{}]``, although it also allows requests without."""
    operations = [operation for path in document["paths"].values() for operation in path.values()]

    assert not any("security" in operation for operation in operations)


def test_paths_are_documented_without_a_trailing_slash(document):
    assert list(document["paths"]) == ["/books", "/books/{id}"]


def test_requests_allow_no_unknown_field(document):
    schemas = document["components"]["schemas"]

    assert schemas["BookRequest"]["additionalProperties"] is False
    assert "additionalProperties" not in schemas["Book"]


def test_parameters_of_a_list_have_their_limits(document):
    parameters = {one["name"]: one["schema"] for one in document["paths"]["/books"]["get"]["parameters"]}

    assert parameters["page_size"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 50}
    assert parameters["ordering"]["enum"] == ["id", "-id", "created_at", "-created_at", "title", "-title"]


def test_big_integers_are_marked_as_such(document):
    schemas = document["components"]["schemas"]
    path, item = document["paths"]["/books"], document["paths"]["/books/{id}"]
    parameters = {one["name"]: one["schema"] for one in (*path["get"]["parameters"], *item["get"]["parameters"])}

    assert schemas["Book"]["properties"]["id"]["format"] == "int64"
    assert schemas["BookRequest"]["properties"]["shelf"]["format"] == "int64"
    assert "format" not in schemas["BookRequest"]["properties"]["pages"]
    assert parameters["id"] == {"type": "integer", "minimum": 0, "format": "int64"}
    assert parameters["shelf"] == {"type": "integer", "format": "int64"}
    ids = {"type": "array", "items": {"type": "integer", "format": "int64"}, "minItems": 1, "maxItems": 100}
    assert parameters["id__in"] == ids


def test_nullable_integers_are_marked_as_big():
    schema = {"type": ["integer", "null"]}

    state_integer_sizes({"components": {"schemas": {"Any": schema, "Data": {"example": [{"type": 5}]}}}, "paths": {}})

    assert schema["format"] == "int64"


def test_enumeration_with_a_default_stays_in_its_parameter():
    size = {"name": "size", "in": "query", "schema": {"type": "string", "enum": ["s", "l"], "default": "s"}}
    document = {
        "components": {"schemas": {"Size": {"enum": ["l", "s"]}}},
        "paths": {"/": {"get": {"parameters": [size]}}},
    }

    refer_to_enums(document)

    assert size["schema"]["default"] == "s"


def test_documents_are_generated_one_at_a_time(rf, monkeypatch):
    generating, most = threading.Semaphore(8), []

    class SlowGenerator(SchemaGenerator):
        def get_schema(self, *args, **kwargs):
            generating.acquire()
            most.append(8 - generating._value)
            time.sleep(0.05)
            generating.release()
            return {}

    monkeypatch.setattr(DocumentView, "generator_class", SlowGenerator)
    with ThreadPoolExecutor(3) as pool:
        responses = list(pool.map(lambda _: DocumentView.as_view()(rf.get("/openapi.json")), range(3)))

    assert [response.status_code for response in responses] == [200] * 3
    assert most == [1, 1, 1]
