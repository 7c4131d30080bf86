"""All services log a request under the same request id and return it to the client."""

import uuid

from devservers.processes import wait_for
from tests.api import make_user


def test_id_of_an_order_is_in_the_log_of_every_service(system, gateway):
    user = make_user(gateway)
    request_id = f"order-{uuid.uuid4()}"

    response = gateway.post(
        "/orders",
        json={"user_id": user["id"], "product_name": "Laptop"},
        headers={"X-Request-ID": request_id},
    )

    given = response.headers["X-Request-ID"]  # the client's id if the client is trusted, else a new one
    assert response.status_code == 201
    for service in system.of_an_order:
        assert wait_for(lambda log=service: given in log.log, seconds=2), service.log[-2000:]


def test_every_request_without_an_id_gets_a_unique_one(api):
    first, second = (api.get("/users?page_size=1") for _ in range(2))

    assert first.headers["X-Request-ID"]
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]


def test_problem_carries_the_id_of_its_request(api):
    response = api.get("/users/987654321")

    assert response.json()["request_id"] == response.headers["X-Request-ID"]
