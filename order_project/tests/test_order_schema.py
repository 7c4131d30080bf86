"""The OpenAPI document of the order service, beyond the parts common to all services."""

import pytest
from django.core.management import call_command
from django.urls import path
from drf_spectacular.generators import SchemaGenerator

from idempotency.views import IdempotentCreateMixin
from orders.models import Order
from orders.serializers import OrderSerializer


@pytest.fixture(scope="module")
def operations():
    document = SchemaGenerator().get_schema(request=None, public=True)
    return {one["operationId"]: one for path in document["paths"].values() for one in path.values()}


def problems(operation, status):
    types = operation["responses"].get(status, {}).get("x-problem-types", ())
    return {one.removeprefix("urn:problem:") for one in types}


def test_document_is_valid_openapi_and_complete(tmp_path):
    call_command("spectacular", file=str(tmp_path / "openapi.yaml"), validate=True, fail_on_warn=True)


def test_creation_states_the_problems_of_its_key_and_of_the_user_service(operations):
    create = operations["orders_create"]

    assert problems(create, "409") == {"idempotency_key_in_use"}
    assert problems(create, "422") == {"idempotency_key_reused"}
    assert problems(create, "503") == {"database_unavailable", "user_service_unavailable"}
    assert {"Location", "Idempotent-Replayed"} <= set(create["responses"]["201"]["headers"])
    assert "Retry-After" in create["responses"]["409"]["headers"]


def test_filter_by_status_has_the_type_of_the_status(operations):
    parameters = {one["name"]: one["schema"] for one in operations["orders_list"]["parameters"]}

    assert parameters["status"] == {"$ref": "#/components/schemas/OrderStatus"}


def test_views_with_idempotency_keys_have_their_headers():
    class CopyViewSet(IdempotentCreateMixin):
        queryset = Order.objects.all()
        serializer_class = OrderSerializer

    patterns = [path("copies", CopyViewSet.as_view({"post": "create"}))]
    create = SchemaGenerator(patterns=patterns).get_schema(request=None, public=True)["paths"]["/copies"]["post"]

    assert [one["name"] for one in create["parameters"]] == ["Idempotency-Key"]
    assert {"Location", "Idempotent-Replayed"} <= set(create["responses"]["201"]["headers"])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("orders_update", {"order_closed"}),
        ("orders_partial_update", {"order_closed"}),
        ("orders_fulfil", {"invalid_transition"}),
        ("orders_cancel", {"invalid_transition"}),
        ("orders_destroy", set()),
        ("orders_retrieve", set()),
        ("orders_list", set()),
    ],
)
def test_operation_states_its_conflicts(operations, name, expected):
    assert problems(operations[name], "409") == expected
