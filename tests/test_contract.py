"""The contract of the gateway, which existing clients depend on."""

import pytest
import requests

from tests.api import make_order, make_user, new_email

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"


def test_health_returns_200(gateway):
    response = gateway.get("/health")

    assert response.status_code == 200
    assert response.headers["Content-Type"] == JSON
    assert response.json()["status"] == "ok"


@pytest.mark.parametrize("path", ["/users", "/users/"])
def test_user_is_created(gateway, path):
    email = new_email()

    response = gateway.post(path, json={"name": "John", "email": email})

    user = response.json()
    assert response.status_code == 201
    assert response.headers["Content-Type"] == JSON
    assert set(user) == {"id", "name", "email", "is_active", "created_at", "updated_at"}
    assert (user["name"], user["email"]) == ("John", email)
    assert isinstance(user["id"], int)


@pytest.mark.parametrize("slash", ["", "/"])
def test_user_is_read(gateway, slash):
    user = make_user(gateway)

    response = gateway.get(f"/users/{user['id']}{slash}")

    assert response.status_code == 200
    assert response.headers["Content-Type"] == JSON
    assert response.json() == user


@pytest.mark.parametrize("slash", ["", "/"])
def test_unknown_user_is_not_found(gateway, slash):
    response = gateway.get(f"/users/987654321{slash}")

    assert response.status_code == 404
    assert response.headers["Content-Type"] == PROBLEM_JSON
    assert response.json()["status"] == 404


@pytest.mark.parametrize("path", ["/orders", "/orders/"])
def test_order_is_created(gateway, path):
    user = make_user(gateway)

    response = gateway.post(path, json={"user_id": user["id"], "product_name": "Laptop"})

    order = response.json()
    assert response.status_code == 201
    assert response.headers["Content-Type"] == JSON
    assert set(order) == {
        "id",
        "user_id",
        "product_name",
        "quantity",
        "status",
        "user_verified_at",
        "user_deactivated_at",
        "user_deleted_at",
        "created_at",
        "updated_at",
    }
    assert (order["user_id"], order["product_name"]) == (user["id"], "Laptop")
    assert (order["quantity"], order["status"]) == (1, "placed")


@pytest.mark.parametrize("path", ["/orders", "/orders/"])
def test_order_of_an_unknown_user_is_rejected(gateway, path):
    response = gateway.post(path, json={"user_id": 987654321, "product_name": "Laptop"})

    problem = response.json()
    assert response.status_code == 400
    assert response.headers["Content-Type"] == PROBLEM_JSON
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [("user_id", "unknown_user")]


def test_order_of_a_deleted_user_is_rejected(gateway):
    user = make_user(gateway)
    gateway.delete(f"/users/{user['id']}")

    response = gateway.post("/orders", json={"user_id": user["id"], "product_name": "Laptop"})

    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "unknown_user"


def test_creation_returns_the_location(api, resource):
    response = api.post(f"/{resource.name}", json=resource.body(api))

    location = requests.compat.urljoin(response.url, response.headers["Location"])
    assert api.get(location).json() == response.json()


@pytest.mark.parametrize("slash", ["", "/"])
def test_object_is_replaced(gateway, resource, slash):
    created = resource.make(gateway)
    kept = {name: created[name] for name in created.keys() & {"user_id"}}  # the user of an order cannot be changed
    body = resource.body(gateway) | kept

    response = gateway.put(f"/{resource.name}/{created['id']}{slash}", json=body)

    assert response.status_code == 200
    assert response.json().items() >= body.items()
    assert gateway.get(f"/{resource.name}/{created['id']}").json() == response.json()


@pytest.mark.parametrize("slash", ["", "/"])
def test_object_is_partially_updated(gateway, resource, slash):
    created = resource.make(gateway)
    change = {resource.text_field: "Changed"}

    response = gateway.patch(f"/{resource.name}/{created['id']}{slash}", json=change)

    changed = response.json()
    assert response.status_code == 200
    assert changed == created | change | {"updated_at": changed["updated_at"]}
    assert gateway.get(f"/{resource.name}/{created['id']}").json() == changed


@pytest.mark.parametrize("body", [{}, {"id": 7}, {"updated_at": "2020-01-01T00:00:00Z", "created_at": None}])
def test_patch_of_read_only_members_changes_nothing(api, resource, body):
    created = resource.make(api)

    response = api.patch(f"/{resource.name}/{created['id']}", json=body)

    assert (response.status_code, response.json()) == (200, created)
    assert api.get(f"/{resource.name}/{created['id']}").json() == created


@pytest.mark.parametrize("slash", ["", "/"])
def test_object_is_deleted(gateway, resource, slash):
    created = resource.make(gateway)
    path = f"/{resource.name}/{created['id']}"

    response = gateway.delete(f"{path}{slash}")

    assert (response.status_code, response.content) == (204, b"")
    assert gateway.get(path).status_code == 404


@pytest.mark.parametrize("slash", ["", "/"])
def test_list_pages_are_read_at_the_address_of_the_list(api, resource, slash):
    marker = f"page{new_email()}"
    ids = [resource.make(api, **{resource.text_field: marker})["id"] for _ in range(5)]
    address = api.address_of(f"/{resource.name}")

    pages = [api.get(f"/{resource.name}{slash}", params={"search": marker, "page_size": 2}).json()]
    while pages[-1]["next"]:
        pages.append(api.get(pages[-1]["next"]).json())

    assert [[item["id"] for item in page["results"]] for page in pages] == [ids[:2], ids[2:4], ids[4:]]
    assert all(page["next"].startswith(f"{address}/{resource.name}{slash}?") for page in pages[:-1])
    assert all(page["previous"].startswith(f"{address}/{resource.name}{slash}?") for page in pages[1:])
    assert api.get(pages[-1]["previous"]).json()["results"] == pages[1]["results"]


def test_users_are_looked_up_in_bulk(gateway):
    first, _, third = (make_user(gateway) for _ in range(3))

    response = gateway.get("/users", params={"id__in": f"{first['id']},{third['id']}"})

    assert response.json()["results"] == [first, third]


def test_orders_of_one_user_are_listed(gateway):
    user = make_user(gateway)
    orders = [make_order(gateway, user_id=user["id"]) for _ in range(2)]
    make_order(gateway)

    response = gateway.get("/orders", params={"user_id": user["id"]})

    assert response.json()["results"] == orders
