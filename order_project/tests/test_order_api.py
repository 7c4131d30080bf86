import pytest

from orders.models import Order
from tests.conftest import KNOWN_USER

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("user_service")]

LAPTOP = {"user_id": KNOWN_USER, "product_name": "Laptop"}


@pytest.mark.parametrize("slash", ["", "/"])
def test_order_of_a_known_user_is_placed(api, slash):
    placed = api.post(f"/orders{slash}", LAPTOP, format="json")

    assert placed.status_code == 201
    assert placed.json().items() >= (LAPTOP | {"quantity": 1, "status": "placed"}).items()
    assert placed.json().keys() == {
        *LAPTOP,
        "id",
        "quantity",
        "status",
        "user_verified_at",
        "user_deactivated_at",
        "user_deleted_at",
        "created_at",
        "updated_at",
    }
    assert api.get(placed["Location"] + slash).json() == placed.json()


def test_order_of_an_unknown_user_is_rejected(api):
    refused = api.post("/orders", LAPTOP | {"user_id": 8}, format="json")

    assert refused.status_code == 400
    assert refused.json()["errors"] == [{"field": "user_id", "code": "unknown_user", "message": "There is no user 8."}]
    assert not Order.objects.exists()


def test_user_service_is_called_only_for_otherwise_valid_orders(api, user_service):
    api.post("/orders", LAPTOP | {"quantity": 0}, format="json")

    assert user_service.log == []


def test_update_does_not_call_the_user_service(api, make_order, user_service):
    order = make_order(user_id=8)

    patched = api.patch(f"/orders/{order.id}", {"quantity": 3}, format="json")
    put = api.put(f"/orders/{order.id}", {"user_id": 8, "product_name": "Phone"}, format="json")

    assert (patched.status_code, patched.json()["quantity"]) == (200, 3)
    assert (put.status_code, put.json()["product_name"]) == (200, "Phone")
    assert user_service.log == []


def test_user_of_an_order_cannot_be_changed(api, make_order, user_service):
    order = make_order()

    refused = api.patch(f"/orders/{order.id}", {"user_id": 8}, format="json")

    assert refused.status_code == 400
    assert [(error["field"], error["code"]) for error in refused.json()["errors"]] == [("user_id", "immutable")]
    assert user_service.log == []
    order.refresh_from_db()
    assert order.user_id == KNOWN_USER


def test_status_cannot_be_set(api, make_order):
    order = make_order()

    patched = api.patch(f"/orders/{order.id}", {"status": "fulfilled", "quantity": 2}, format="json")

    assert (patched.status_code, patched.json()["status"]) == (200, "placed")


def test_deleted_order_is_not_found(api, make_order):
    order = make_order()

    assert api.delete(f"/orders/{order.id}").status_code == 204
    assert api.get(f"/orders/{order.id}").status_code == 404


def test_all_invalid_fields_are_named(api):
    response = api.post("/orders", {"user_id": "1", "quantity": 0, "colour": "red"}, format="json")

    assert {error["field"] for error in response.json()["errors"]} == {
        "user_id",
        "product_name",
        "quantity",
        "colour",
    }


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"user_id": ...}, "user_id", "required"),
        ({"user_id": 2**70}, "user_id", "max_value"),
        ({"user_id": 2**63}, "user_id", "max_value"),
        ({"user_id": -(2**70)}, "user_id", "min_value"),
        ({"user_id": -1}, "user_id", "min_value"),
        ({"user_id": 0}, "user_id", "min_value"),
        ({"user_id": "7"}, "user_id", "invalid"),
        ({"user_id": 7.0}, "user_id", "invalid"),
        ({"user_id": True}, "user_id", "invalid"),
        ({"user_id": None}, "user_id", "null"),
        ({"user_id": [7]}, "user_id", "invalid"),
        ({"product_name": ...}, "product_name", "required"),
        ({"product_name": ""}, "product_name", "blank"),
        ({"product_name": "x" * 201}, "product_name", "max_length"),
        ({"product_name": 5}, "product_name", "invalid"),
        ({"product_name": "a\0b"}, "product_name", "null_characters_not_allowed"),
        ({"quantity": 0}, "quantity", "min_value"),
        ({"quantity": 10_001}, "quantity", "max_value"),
        ({"quantity": "2"}, "quantity", "invalid"),
        ({"quantity": None}, "quantity", "null"),
        ({"price": 1}, "price", "unknown_field"),
    ],
)
def test_invalid_field_is_named_without_a_call_to_the_user_service(api, user_service, change, field, code):
    order = {name: value for name, value in (LAPTOP | change).items() if value is not ...}

    response = api.post("/orders", order, format="json")

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]
    assert user_service.log == []
    assert not Order.objects.exists()


def test_form_of_the_browsable_api_may_send_numbers_as_text(api):
    placed = api.post("/orders", {"user_id": "7", "product_name": "Laptop", "quantity": "2"})

    assert (placed.status_code, placed.json()["quantity"]) == (201, 2)
