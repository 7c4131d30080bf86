"""The OpenAPI document of the user service, including the parts common to all services."""

import pytest
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator
from rest_framework.exceptions import APIException
from rest_framework.routers import SimpleRouter

from lists.pagination import EXAMPLE_LINK
from openapi.hooks import complete_components
from problems.types import ProblemType
from users.views import UserViewSet

IN_EVERY_OPERATION = {
    400: {"bad_request"},
    401: {"service_token_required"},
    406: {"not_acceptable"},
    500: {"internal_error"},
    503: {"database_unavailable"},
}
OF_A_LIST = IN_EVERY_OPERATION | {
    400: {"bad_request", "invalid", "list_too_expensive"},
    414: {"query_too_long"},
    503: {"database_unavailable", "searches_busy"},
}
OF_AN_OBJECT = IN_EVERY_OPERATION | {
    400: {"bad_request", "invalid"},
    404: {"not_found"},
    412: {"precondition_failed"},
}
WITH_A_BODY = {
    400: {"bad_request", "invalid", "parse_error"},
    411: {"length_required"},
    413: {"body_too_large"},
    415: {"unsupported_media_type"},
}


@pytest.fixture(scope="module")
def document():
    return SchemaGenerator().get_schema(request=None, public=True)


def operations(document):
    return {one["operationId"]: one for path in document["paths"].values() for one in path.values()}


def problems(operation):
    """Return the codes of the problems of each error status."""
    return {
        int(status): {one.removeprefix("urn:problem:") for one in response["x-problem-types"]}
        for status, response in operation["responses"].items()
        if status >= "400"
    }


def test_lists_state_their_bounds(document):
    found = {one["name"]: one for one in document["paths"]["/users"]["get"]["parameters"]}

    assert found["search"]["schema"] == {"type": "string", "maxLength": 100}
    assert "at most 8" in found["search"]["description"]
    assert "at most 100" in found["id__in"]["description"]
    assert found["created_at__gte"]["schema"] == {"type": "string", "format": "date-time"}
    assert "bounds of `created_at` is ordered by it" in found["ordering"]["description"]
    assert "A search can be ordered by `id` and `created_at` only" in found["ordering"]["description"]


def test_document_is_valid_openapi_3_1_and_complete(document, tmp_path):
    call_command("spectacular", file=str(tmp_path / "openapi.yaml"), validate=True, fail_on_warn=True)

    assert document["openapi"] == "3.1.0"
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_operations_have_stable_names_and_state_each_problem(document):
    stated = {name: problems(operation) for name, operation in operations(document).items()}

    assert stated == {
        "users_list": OF_A_LIST,
        "users_create": IN_EVERY_OPERATION | WITH_A_BODY,
        "users_retrieve": OF_AN_OBJECT,
        "users_update": OF_AN_OBJECT | WITH_A_BODY,
        "users_partial_update": OF_AN_OBJECT | WITH_A_BODY,
        "users_destroy": OF_AN_OBJECT | {411: {"length_required"}, 413: {"body_too_large"}},
    }


def test_problem_is_described_by_the_detail_of_its_class(document):
    responses = operations(document)["users_update"]["responses"]

    assert responses["400"]["description"].splitlines() == [
        "* `bad_request`: The request cannot be understood.",
        "* `invalid`: Invalid input.",
        "* `parse_error`: Malformed request.",
    ]
    assert responses["415"]["description"] == "* `unsupported_media_type`: Unsupported media type in request."


def test_responses_state_their_headers(document):
    stated = {
        (name, status): set(response["headers"]) - {"X-Request-ID"}
        for name, operation in operations(document).items()
        for status, response in operation["responses"].items()
    }

    assert {key: headers for key, headers in stated.items() if headers and key[1] != "503"} == {
        ("users_create", "201"): {"Location"},
        ("users_retrieve", "200"): {"ETag"},
        ("users_retrieve", "304"): {"ETag"},
    }
    assert all(headers == {"Retry-After"} for (_, status), headers in stated.items() if status == "503")
    for operation in operations(document).values():
        for response in operation["responses"].values():
            assert "X-Request-ID" in response["headers"]


def test_requests_are_closed_and_responses_have_all_members(document):
    schemas = document["components"]["schemas"]

    assert schemas["UserRequest"]["additionalProperties"] is False
    assert schemas["PatchedUserRequest"]["additionalProperties"] is False
    assert schemas["User"]["required"] == sorted(schemas["User"]["properties"])
    assert schemas["PaginatedUserList"]["required"] == ["next", "previous", "results"]
    assert schemas["User"]["properties"]["name"]["maxLength"] == 200


def test_member_with_a_default_is_required_in_responses_only():
    schemas = {
        name: {"type": "object", "properties": {"quantity": {"type": "integer"}}} for name in ("Order", "OrderRequest")
    }
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/OrderRequest"}}}}

    complete_components({"components": {"schemas": schemas}, "paths": {"/orders": {"post": {"requestBody": body}}}})

    assert schemas["Order"]["required"] == ["quantity"]
    assert "required" not in schemas["OrderRequest"]


def test_example_of_a_link_is_a_uri():
    validator = Draft202012Validator({"format": "uri", "pattern": '^https?://[^\\s"]+$'})

    validator.validate(EXAMPLE_LINK)


class OutOfStock(APIException):
    status_code = 409
    default_code = "out_of_stock"
    default_detail = "Out of stock."
    wait = 60


class StockViewSet(UserViewSet):
    problems = {"create": [OutOfStock]}


class WarehouseViewSet(StockViewSet):
    problems = {"create": [ProblemType(507, "warehouse_full", "The warehouse is full.")]}


def test_view_adds_its_problems_to_those_of_its_base_classes():
    router = SimpleRouter()
    router.register("stock", WarehouseViewSet)

    document = SchemaGenerator(patterns=router.urls).get_schema(request=None, public=True)

    create = operations(document)["stock_create"]
    assert problems(create) == IN_EVERY_OPERATION | WITH_A_BODY | {
        409: {"out_of_stock"},
        507: {"warehouse_full"},
    }
    assert "Retry-After" in create["responses"]["409"]["headers"]
    assert "Retry-After" not in create["responses"]["507"]["headers"]
    assert 409 not in problems(operations(document)["stock_update"])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "path", "headers", "name", "status"),
    [
        ("get", "/users", {"host": "evil.example"}, "users_list", 400),
        ("get", "/users", {"accept": "text/csv"}, "users_list", 406),
        ("get", "/users/1", {}, "users_retrieve", 404),
        ("post", "/users", {"content-length": "9999999"}, "users_create", 413),
        ("post", "/users", {"content-type": "text/csv"}, "users_create", 415),
    ],
)
def test_error_response_follows_the_document(document, api, method, path, headers, name, status):
    response = api.generic(method.upper(), path, "x", headers=headers, content_type=headers.get("content-type", ""))

    stated = operations(document)[name]["responses"][str(status)]["content"]["application/problem+json"]["schema"]
    assert response.status_code == status
    Draft202012Validator({"components": document["components"]} | stated).validate(response.json())
    assert response.json()["type"] in operations(document)[name]["responses"][str(status)]["x-problem-types"]
