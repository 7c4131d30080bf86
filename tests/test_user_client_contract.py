"""The user service's answers are what the order service reads in them (``orders/user_client.py``).

The order service asks ``GET /users/{id}``. A 200 whose JSON has the ``id`` that was asked for says that the user
exists; a 404 of exactly the type ``application/problem+json`` says that there is none; nothing else says either.
"""

import pytest

from tests.api import make_user

# As the order service sends it.
HEADERS = {"Accept": "application/json", "X-Request-ID": "contract-between-services"}


@pytest.fixture
def user_service(system):
    with system.user.client() as client:
        yield client


def test_known_user_is_answered_200_with_the_id(user_service):
    user = make_user(user_service)

    response = user_service.get(f"/users/{user['id']}", headers=HEADERS)

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.json()["id"] == user["id"]
    assert type(response.json()["id"]) is int


@pytest.mark.parametrize("user_id", [1_000_000_007, 2**63 - 1])
def test_unknown_user_is_answered_404_with_a_problem(user_service, user_id):
    response = user_service.get(f"/users/{user_id}", headers=HEADERS)

    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == 404


def test_deleted_user_is_answered_404_with_a_problem(user_service):
    user = make_user(user_service)
    user_service.delete(f"/users/{user['id']}")

    response = user_service.get(f"/users/{user['id']}", headers=HEADERS)

    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"


def test_request_id_of_the_order_service_is_kept(user_service):
    user = make_user(user_service)

    response = user_service.get(f"/users/{user['id']}", headers=HEADERS)

    assert response.headers["X-Request-ID"] == HEADERS["X-Request-ID"]
